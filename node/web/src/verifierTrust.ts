/** Whom a check believes: what the node said when the page was made, or what a person puts in its place. */

import { button, facts, given, h, icon, moment, say, type Child } from "./dom.ts";
import { fromHex, hex, sha256, utf8 } from "./lib/bytes.ts";
import { type VerifierKey, logKey, parseVkey, printVkey } from "./lib/log.ts";
import { PolicyError, parsePolicy } from "./lib/policy.ts";
import type { Trust } from "./lib/verifier.ts";

/** What the node gave with the page. */
interface Given {
  /** Its trust policy; empty when the log has no witnesses. */
  policy: string;
  /** SHA-256 of the policy that the council decided on, in hexadecimal. */
  charter: string;
  /** When it said so, in milliseconds. */
  at: number;
}

/** As a person sees and changes it. */
interface Texts {
  keys: string;
  ledger: string;
  policy: string;
}

/** What is believed, and from where. */
export interface Believed {
  texts: Texts;
  trust: Trust;
  isOfNode: boolean;
  /** Whether the charter names this very list of witnesses; null for what a person filled in. */
  isOfCharter: boolean | null;
}

/** A text that cannot be used: the field, and the sentence that says why. */
class Fault extends Error {
  readonly field: keyof Texts;
  constructor(field: keyof Texts, why: string) {
    super(why);
    this.field = field;
  }
}

/** Returns what the node said. */
export async function believedOfNode(): Promise<Believed> {
  const { policy, charter } = given<Given>() as Given;
  const keys = await Promise.all(facts.logKeys.map((key) => logKey(facts.logOrigin, fromHex(key, 32))));
  const texts = { keys: keys.map((key) => printVkey(key)).join("\n"), ledger: facts.ledger, policy };
  const isOfCharter = hex(await sha256(utf8(policy))) === charter;
  const trust = { ledger: facts.ledger, keys, policy: isOfCharter && policy !== "" ? await parsePolicy(policy) : null };
  return { texts, trust, isOfNode: true, isOfCharter };
}

/** Reads what a person typed. @throws Fault */
async function believedOf(texts: Texts): Promise<Believed> {
  const keys: VerifierKey[] = [];
  for (const [at, line] of texts.keys.split("\n").entries()) {
    if (line.trim() === "") continue;
    const key = await parseVkey(line.trim());
    if (!key) throw new Fault("keys", say("check_bad_key", { line: at + 1 }));
    keys.push(key);
  }
  if (keys.length === 0) throw new Fault("keys", say("check_bad_key_none"));
  const ledger = texts.ledger.trim().toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(ledger)) throw new Fault("ledger", say("check_bad_ledger"));
  const policy = texts.policy.trim() === "" ? null : await parsePolicy(texts.policy).catch((error: unknown) => {
    if (!(error instanceof PolicyError)) throw error;
    throw new Fault("policy", error.line === 0 ? say("check_bad_policy_end") : say("check_bad_policy", { line: error.line }));
  });
  return { texts, trust: { ledger, keys, policy }, isOfNode: false, isOfCharter: null };
}

/** Says whom a check believes, and where that comes from. */
export function summary({ trust, isOfNode, isOfCharter }: Believed): Child {
  const { at } = given<Given>() as Given;
  const names = (trust.policy?.witnesses ?? []).map(({ name }) => name).join(", ");
  return [
    h("p", null, isOfNode ? say("check_trust_node", { when: moment(at, "full") }) : say("check_trust_own")),
    h("p", null, say("check_trust_why")),
    h("p", null, names === "" ? say("check_trust_no_names") : say("check_trust_names", { names })),
    isOfCharter === null || names === "" && isOfCharter ? null
      : h("p", null, icon(isOfCharter ? "tick" : "hand"), say(isOfCharter ? "check_trust_charter" : "check_trust_charter_not")),
  ];
}

/** Three fields to compare with what one has from elsewhere, and to use that instead. */
export function trustForm(ofNode: Believed, use: (believed: Believed) => void): Child {
  const area = (id: string, value: string, rows: number) => h("textarea", { id, rows, spellcheck: "false", autocapitalize: "none", autocomplete: "off", "aria-describedby": "trust-fault" }, value);
  const fields = {
    keys: area("trust-keys", ofNode.texts.keys, 4),
    ledger: area("trust-ledger", ofNode.texts.ledger, 3),
    policy: area("trust-policy", ofNode.texts.policy, 8),
  };
  const names = Object.keys(fields) as (keyof Texts)[];
  const fault = h("p", { id: "trust-fault", class: "fault", role: "alert" });
  const same = h("p", { role: "status" });
  const texts = (): Texts => ({ keys: fields.keys.value, ledger: fields.ledger.value, policy: fields.policy.value });
  const compare = () => {
    const isSame = names.every((name) => fields[name].value.trim() === ofNode.texts[name].trim());
    same.replaceChildren(icon(isSame ? "tick" : "hand"), say(isSame ? "check_trust_same" : "check_trust_differs"));
    return isSame;
  };
  const put = async () => {
    fault.textContent = "";
    for (const name of names) fields[name].removeAttribute("aria-invalid");
    try {
      use(compare() ? ofNode : await believedOf(texts()));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      fault.textContent = error.message;
      fields[error.field].setAttribute("aria-invalid", "true");
      fields[error.field].focus();
    }
  };
  const reset = () => {
    for (const name of names) fields[name].value = ofNode.texts[name];
    void put();
  };
  for (const name of names) fields[name].addEventListener("input", compare);
  compare();
  const labelled = (name: keyof Texts, label: string) => h("div", { class: "field" }, h("label", { for: `trust-${name}` }, label), fields[name]);
  return h("details", null, h("summary", null, say("check_trust_edit")),
    labelled("keys", say("check_trust_keys")), labelled("ledger", say("check_trust_ledger")), labelled("policy", say("check_trust_policy")),
    same, fault,
    h("div", { class: "actions" }, button("tick", say("check_trust_use"), () => void put()), button("undo", say("check_trust_reset"), reset, "quiet")));
}
