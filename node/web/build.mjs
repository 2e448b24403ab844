// Makes the pages' scripts, styles and words into dist/; `node build.mjs test` the test programs.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const common = { bundle: true, format: "esm", target: ["es2022", "safari15"], logLevel: "warning", legalComments: "none" };

if (process.argv[2] === "test") {
  const out = "node_modules/.klaver-test";
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await build({
    ...common, entryPoints: [...readdirSync("test").filter((name) => name.endsWith(".test.ts")), "screenshots.ts"].map((name) => `test/${name}`),
    outdir: out, outExtension: { ".js": ".mjs" }, platform: "node", target: "node20", external: ["@noble/ed25519", "playwright-core", "axe-core", "qr", "zxing-wasm"],
  });
  // The vectors once more, for a browser.
  await build({ ...common, entryPoints: ["test/vectors.ts"], outfile: `${out}/browser-vectors.js`, format: "iife", globalName: "vectors" });
  process.exit(0);
}

const DIST = "dist";
rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST);

/** Writes a file under a name that holds its hash; returns the name. */
function hashed(name, content) {
  const [stem, ending] = [name.slice(0, name.lastIndexOf(".")), name.slice(name.lastIndexOf("."))];
  const file = `${stem}-${createHash("sha256").update(content).digest("hex").slice(0, 10)}${ending}`;
  writeFileSync(`${DIST}/${file}`, content);
  return file;
}

/** Returns the files that the wallet's first screen and a payment stand on, which every part reaches sooner or later. */
async function sharedFiles() {
  const { metafile: { inputs } } = await build({ ...options, write: false });
  const found = new Set();
  const follow = (file) => {
    for (const { path, kind } of inputs[file].imports) {
      if (kind !== "import-statement" || !/^src\/(?!pages\/).*\.ts$/.test(path) || found.has(path)) continue;
      found.add(path);
      follow(path);
    }
  };
  for (const page of ["wallet", "pay"]) follow(`src/pages/${page}.ts`);
  return [...found];
}

/** Returns the files that a part begins with: pages, and what is fetched when it is opened. */
function startingFiles() {
  const sources = readdirSync("src", { recursive: true }).filter((name) => name.endsWith(".ts")).map((name) => `src/${name}`);
  const opened = sources.flatMap((file) => [...readFileSync(file, "utf8").matchAll(/import\("(\.[^"]+\.ts)"\)/g)].map(([, path]) => join(dirname(file), path)));
  // A page without a wallet does without what wallets share; so does what draws the map, and what stands alone.
  const without = /^src\/(pages\/(page|verify)|mapOffer|townMap|encoder|decoder|zxing|sw|alone)\.ts$/;
  return new Set([...sources.filter((file) => file.startsWith("src/pages/")), ...opened].filter((file) => !without.test(file)));
}

/**
 * What is fetched together when one of it is opened: a file packs better the more of one kind it holds. The screens of a
 * wallet are one, and what looks after seals and successions another; a payment waits for neither.
 */
const LATER = {
  screens: [...readdirSync("src/screens").map((name) => `src/screens/${name}`).filter((file) => !/(arrive|come|moved|seal)\.ts$/.test(file)), "src/ceilings.ts"],
  trust: ["succession", "seals", "shares", "witnesses", "alarm", "charters", "logKeys", "lib/lineage", "screens/arrive", "screens/come", "screens/moved", "screens/seal"].map((name) => `src/${name}.ts`),
};
/** What screens of the wallet share with those who take payments, run a place or the community: one file, when the first of it is opened. */
const COMMON = ["amountField", "asking", "meeting", "qr", "scan", "scanInto", "pairing", "entryWords", "accountState", "screens/draft", "days"].map((name) => `src/${name}.ts`);
const STAFF_STARTS = /^src\/(pages\/(till|place|coordination|session|promise)|place\/|till\/|office)/;
const identifier = (file) => file.replace(/\W/g, "_");

/** Returns a source whose `import()` of what is fetched together names the file that all of it is in. */
function fetchingTogether(source, file) {
  return source.replace(/import\("(\.[^"]+\.ts)"\)/g, (whole, path) => {
    const opened = join(dirname(file), path);
    const [later] = Object.entries(LATER).find(([, files]) => files.includes(opened)) ?? [];
    return later ? `import("later:${later}").then((all) => all.${identifier(opened)})` : whole;
  });
}

/**
 * Puts `shared` into one file: esbuild makes one of all that the same parts reach, so every part begins by reaching all
 * of them. On a slow network each file more costs a turn of half a second, on a slow phone some milliseconds.
 */
function together(shared, starting) {
  return {
    name: "together",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(together$|common$|later:)/ }, ({ path }) => ({ path, namespace: "together" }));
      onLoad({ filter: /^together$/, namespace: "together" }, () => ({ contents: shared.map((file) => `import "./${file}";`).join("\n"), resolveDir: process.cwd() }));
      onLoad({ filter: /^common$/, namespace: "together" }, () => ({ contents: COMMON.map((file) => `import "./${file}";`).join("\n"), resolveDir: process.cwd() }));
      onLoad({ filter: /^later:/, namespace: "together" }, ({ path }) => ({ contents: (path === "later:screens" ? 'import "common";\n' : "") + LATER[path.slice(6)].map((file) => `export * as ${identifier(file)} from "./${file}";`).join("\n"), resolveDir: process.cwd() }));
      onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const file = relative(process.cwd(), path);
        const contents = fetchingTogether(readFileSync(path, "utf8"), file);
        const begins = starting.has(file) ? `import "together";\n${STAFF_STARTS.test(file) ? 'import "common";\n' : ""}` : "";
        return { contents: `${begins}${contents}`, loader: "ts" };
      });
    },
  };
}

// The program of the third reader: a file of ours, fetched by the few phones that need it.
const zxing = hashed("zxing.wasm", readFileSync("node_modules/zxing-wasm/dist/reader/zxing_reader.wasm"));

// The official lists that recovery words come from: text, of which a phone fetches one when a key is written down.
const lists = {};
for (const language of ["english", "french"]) lists[language] = `/assets/${hashed(`${language}.txt`, (await import(`@scure/bip39/wordlists/${language}.js`)).wordlist.join("\n"))}`;

// What others wrote and these pages carry: their licences ask to be shown with it.
const carried = ["@noble/ed25519", "@scure/bip39", "leaflet", "qr", "zxing-wasm"].map((name) => {
  const folder = `node_modules/${name}`;
  const text = readFileSync(`${folder}/${readdirSync(folder).find((file) => /^licen[cs]e/i.test(file))}`, "utf8");
  return `${name}\n\n${text.trim()}\n`;
});
const notices = hashed("notices.txt", carried.join(`\n${"-".repeat(72)}\n\n`));

// Scripts: one entry for each page, what they share once.
const pages = ["page", "join", "pay", "wallet", "till", "place", "coordination", "verify", "session", "lent", "paper", "wrong", "promise", "invite"];
const options = {
  // The form of the map's library that is a module: the other brings a helper into every part.
  ...common, alias: { leaflet: "leaflet/dist/leaflet-src.esm.js" }, outdir: DIST,
  // What a place opens beside its list has a name that says so.
  entryPoints: [...pages.map((page) => ({ in: `src/pages/${page}.ts`, out: page })), ...["lend", "organisation", "paper", "session", "stock", "tasks"].map((name) => ({ in: `src/place/${name}.ts`, out: `place-${name}` }))], entryNames: "[name]-[hash]", chunkNames: "part-[hash]",
  splitting: true, minify: true, metafile: true, define: { ZXING: JSON.stringify(`/assets/${zxing}`), WORD_LISTS: JSON.stringify(lists) },
};
const { metafile } = await build({ ...options, plugins: [together(await sharedFiles(), startingFiles())] });
const scripts = {};
for (const [file, { entryPoint, imports }] of Object.entries(metafile.outputs)) {
  const page = pages.find((one) => entryPoint === `src/pages/${one}.ts`);
  if (!page) continue;
  const found = new Set();
  const follow = (some) => {
    for (const { path, kind } of some) {
      if (kind !== "import-statement" || found.has(basename(path))) continue;
      found.add(basename(path));
      follow(metafile.outputs[path].imports);
    }
  };
  follow(imports);
  scripts[page] = { file: basename(file), imports: [...found] };
}

// Words: of the flat tables that all programs share, those that begin with `web.`; and, fetched when nothing else is
// waited for, what every refusal is called, as far as that needs no values, and why a node records nothing.
// What only those who take payments, run a place or the community read is a file of its own: whoever pays never waits
// for it.
// So are those about seals and alarms, which the wallet fetches when there is something to say about them, and those
// of the page that checks receipts. What no script names is said by the node alone.
// What is neither on the wallet's first screen nor on the pay page, and said by staff and screens alike.
const SHARED = ["scanInto", "meeting", "asking", "amountField", "statement"];
const of = (folder) => readdirSync(`src/${folder}`).map((name) => `${folder}/${name.slice(0, -3)}`);
const STAFF = ["pages/till", "pages/place", "pages/coordination", "pages/session", "pages/lent", "pages/paper", "pages/wrong", "pages/invite", "wrong", "heard", "papers", "office", "moments", "faces", "tasks", "tables", "connecting", "officeParts", "officeAccount", "officeDraft", "officeImport", "officeClose", "officeRules", "officePots", "officePromises", "officeTrust", "officeBudgets", "officePioneers", "officeOrganisations", "organisationParts", "pictures", "days", "lostPhone", "squareForm", "shareLink", "lasting", "charterWords", "ceilings", ...SHARED, ...of("till"), ...of("place")].map((name) => `src/${name}.ts`);
// Paying without network is a page of its own, which phones and tills keep; its words are with it.
const PROMISE = ["pages/promise", "promises", "till/promised", ...SHARED, ...of("promise")].map((name) => `src/${name}.ts`);
const sources = ["src", "src/pages", "src/screens", "src/till", "src/place"].flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`)).filter((name) => name.endsWith(".ts"));
// What every screen of the wallet but the first says is fetched with them.
const SCREENS = sources.filter((name) => /^src\/(screens\/|entryWords\.)/.test(name) || SHARED.some((one) => name === `src/${one}.ts`));
/**
 * Returns whether one of these files names a sentence: whole, or by its beginning or end around a value. One that
 * `others` name whole or by its beginning is not meant by its end.
 */
function naming(files, ...others) {
  const code = files.map((file) => readFileSync(file, "utf8")).join("\n");
  const [beginnings, endings] = [/`([a-z]+_[a-z_]*)\$\{/g, /`\$\{[^}`]*\}(_[a-z_]+)`/g].map((part) => [...code.matchAll(part)].map(([, text]) => text));
  const begins = (key) => code.includes(`"${key}"`) || beginnings.some((one) => key.startsWith(one));
  const names = (key) => begins(key) || (endings.some((one) => key.endsWith(one)) && !others.some(({ begins }) => begins(key)));
  return Object.assign(names, { begins });
}
const isOfStaff = naming(STAFF);
const isOfPromise = naming(PROMISE);
const isOfScreens = naming(SCREENS);
const isOfAll = naming(sources.filter((name) => ![STAFF, SCREENS, PROMISE].some((some) => some.includes(name)) && !/^src\/verifier/.test(name)), isOfStaff, isOfScreens);
const OF_SEALS = /^web\.(seal|alarm)_/;
const OF_CHECKS = /^web\.check_/;
// What the node writes into pages by itself.
const OF_PAGES = /^web\.(trouble|again|say_done)$/;
// How a payment ended: whoever pays hears it, whoever else says it too.
const OF_PAYING = /^web\.pay_(done(_text)?|not_done)$/;
// How work of staff ended: said where they do it, and of what a wallet once sent; nobody who pays waits for it.
const OF_WORK = /^(earn|redeem|refund|settle|correct|open|change|cosign|veto|signers|device_(added|removed))_(done(_text)?|not_done)$/;
const OF_LENDING = /^lend(_back)?_(done(_text)?|not_done)$/;
// How what a person did to their own account ended: said on the screen where they do it.
const OF_OWN = /^(come|rest|restored|spare)_(done(_text)?|not_done)$/;
// What only the program on the command line is refused: files, pictures, passphrases, other ledgers.
const OF_PROGRAM = /^error\.(.*passphrase|wallet_file|.*picture|output_full|needs_yes|which_account|link_|outbox_|offline_|checkpoint_|audit_|question|explanation_|lineage_|succession_|share_wrong|amounts_needed|closed_|list_|log_key|old_log_key|ledger_needed|witness_list|not_(confirmed|founded|joined|a_)|no_(home|wallet|spare_key|predecessor|successor)|nothing_(known|published)|session_|check_in_|unknown_task|unknown_pot|unknown_budget|unknown_round|pot_not_open|no_such_(pot|matter)|note_needs_auditor|nobody_listens|qr_too_long|history_rewritten|account_missing|amount_(missing|too_large|zero)|card_outside|draft_(differs|overtaken)|join_(by_council|needs_invitation)|members_empty|needs_pin|no_(account|paper_code|thanks_per_hour)|not_(an_invitation|of_account)|nothing_changes|payment_waits|randomness|receipt_|request_(declined|differs|expired|no_index|withdrawn)|voucher_(empty|heir_needed|without_home)|closing_wrong|promise_|media_type|malformed_json|unknown_method|body_too_slow)/;
// What only those are refused who work with cards, budgets and organisations.
const OF_STAFF = /^error\.(already_founded|not_guardian|no_cards|card_(day_cap|rests|short|tried)|no_pin|paper_(lost|replaced|waits)|pin_(form|needed|simple)|wrong_pin|pot_waits|question_closed|round_(past|near|closed)|person_(gives|listens)|unknown_(paper|organisation)|nothing_to_change|no_heir|mixed_change|wrong_rate|address_too_long)$/;
// Of seals the wallet says the same as the program on the command line.
const OF_WALLETS = /^(checkpoint\.(ahead|continues|newest|same)|witnessed\.(none|yes)|error\.(checkpoint_not_signed|checkpoint_offline|history_rewritten|believe_shorter)(\.do)?|error\.(share|succession)_wrong|note\.(came_over|followed\.ledger))$/;
// What the program on the command line calls rules and statements, the pages that show them call so too.
const OF_RULES = /^(field|statement)\./;
// The page that tells what is wrong says little else.
const isOfWrong = naming(["pages/wrong", "wrong", "heard"].map((name) => `src/${name}.ts`));
const [words, more, wrong, screens, promise, proof, check, errors, alone] = [{}, {}, {}, {}, {}, {}, {}, {}, {}];
for (const language of ["nl", "fr", "en"]) {
  const table = Object.entries(JSON.parse(readFileSync(`../locales/${language}.json`, "utf8")));
  const pick = (prefix, is) => Object.fromEntries(table.filter(([key, text]) => key.startsWith(prefix) && is(key, text)).map(([key, text]) => [key.slice(prefix.length), text]));
  // A refusal with a sentence of its own in the pages is said by that one.
  const isShown = (key, text) => !text.includes("{") && !key.endsWith(".do") && !OF_PROGRAM.test(key) && !table.some(([own]) => own === `web.why_${key.slice(6)}`);
  const file = (name, some) => hashed(`${name}-${language}.js`, `export default ${JSON.stringify(some)};\n`);
  more[language] = file("more", { ...pick("web.", (key) => [OF_WORK, OF_LENDING].some((group) => group.test(key.slice(4))) || (isOfStaff(key.slice(4)) && !isOfAll(key.slice(4)))), ...pick("", (key) => OF_RULES.test(key) || OF_STAFF.test(key) || (key.startsWith("halt.") && !key.endsWith(".do"))) });
  promise[language] = file("promised", pick("web.", (key) => isOfPromise(key.slice(4)) && !isOfAll(key.slice(4))));
  wrong[language] = file("told", pick("web.", (key) => isOfWrong(key.slice(4)) && !isOfAll(key.slice(4))));
  screens[language] = file("own", pick("web.", (key) => [OF_WORK, OF_OWN].some((group) => group.test(key.slice(4))) || isOfScreens(key.slice(4)) && !isOfAll(key.slice(4)) && ![OF_SEALS, OF_CHECKS].some((group) => group.test(key))));
  const shared = pick("", (key) => OF_WALLETS.test(key) && key !== "error.history_rewritten.do");
  proof[language] = file("proof", { ...pick("web.", (key) => OF_SEALS.test(key)), ...shared });
  // What a line was is said on that page too.
  check[language] = file("check", pick("web.", (key) => OF_CHECKS.test(key) || key.startsWith("web.line_")));
  errors[language] = file("errors", pick("error.", (key, text) => isShown(key, text) && !OF_STAFF.test(key)));
  words[language] = file("words", pick("web.", (key) => (isOfAll(key.slice(4)) || OF_PAYING.test(key)) && ![OF_WORK, OF_LENDING, OF_OWN].some((group) => group.test(key.slice(4))) && ![OF_SEALS, OF_CHECKS, OF_PAGES].some((group) => group.test(key))));
  alone[language] = `alone-${language}.json`;
  writeFileSync(`${DIST}/${alone[language]}`, JSON.stringify(pick("web.", (key) => /^web\.(check_|line_|read_aloud$)/.test(key))));
}

// The page that checks receipts, as one script to stand inside one file.
const { outputFiles: [whole] } = await build({ ...common, entryPoints: ["src/alone.ts"], format: "iife", minify: true, write: false });
if (/<\/script|<!--/i.test(whole.text)) throw new Error("alone.js would end the element that it stands in");
writeFileSync(`${DIST}/alone.js`, whole.contents);

const { outputFiles: [sheet] } = await build({ ...common, entryPoints: ["src/style.css"], minify: true, write: false });
const style = hashed("style.css", sheet.contents);
const { outputFiles: [mapSheet] } = await build({ ...common, entryPoints: ["src/map.css"], minify: true, write: false, loader: { ".png": "empty" } });
const mapStyle = hashed("map.css", mapSheet.contents);
const icon = hashed("icon.svg", readFileSync("src/icon.svg"));
const old = hashed("old.js", readFileSync("src/old.js"));

const files = readdirSync(DIST).filter((file) => !file.startsWith("alone"));
const version = createHash("sha256").update(files.sort().join("\n")).digest("hex").slice(0, 16);
// All but what only few phones ever need: signatures for browsers that have none, the third reader, the map.
const rare = /@noble|zxing-wasm|leaflet|townMap|mapOffer/;
const parts = Object.entries(metafile.outputs).filter(([, { inputs }]) => !Object.keys(inputs).some((input) => rare.test(input)));
const first = new Set([...parts.map(([file]) => basename(file)), ...Object.values(words), ...Object.values(more), ...Object.values(wrong), ...Object.values(screens), ...Object.values(promise), ...Object.values(proof), ...Object.values(check), ...Object.values(errors), style, icon]);
await build({
  ...common, entryPoints: ["src/sw.ts"], outfile: `${DIST}/sw.js`, format: "iife", minify: true,
  define: { PRECACHE: JSON.stringify([...first].map((file) => `/assets/${file}`)), VERSION: JSON.stringify(version) },
});

for (const file of readdirSync(DIST).filter((name) => !name.startsWith("alone"))) {
  const content = readFileSync(`${DIST}/${file}`);
  writeFileSync(`${DIST}/${file}.gz`, gzipSync(content, { level: 9 }));
  writeFileSync(`${DIST}/${file}.br`, brotliCompressSync(content));
}
writeFileSync(`${DIST}/manifest.json`, `${JSON.stringify({ style, map_style: mapStyle, icon, notices, old, scripts, words, more, wrong, screens, promise, proof, check, errors, alone }, null, 2)}\n`);
