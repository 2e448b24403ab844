// Makes the pages' scripts, styles and words: `node build.mjs` into dist/, `node build.mjs test` the test programs.
import { build } from "esbuild";
import { mkdirSync, rmSync } from "node:fs";

const common = { bundle: true, format: "esm", target: ["es2022", "safari15"], logLevel: "warning", legalComments: "none" };

if (process.argv[2] === "test") {
  rmSync("node_modules/.klaver-test", { recursive: true, force: true });
  mkdirSync("node_modules/.klaver-test", { recursive: true });
  await build({
    ...common,
    entryPoints: ["test/lib.test.ts"],
    outdir: "node_modules/.klaver-test",
    outExtension: { ".js": ".mjs" },
    platform: "node",
    target: "node20",
    external: ["@noble/ed25519"],
  });
}
