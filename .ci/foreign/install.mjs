// Installs the agent programs with npm, each in a directory of its own, in the pinned versions.
//
//     node install.mjs --programs DIR

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PROGRAMS } from "./programs.mjs";

const { values: options } = parseArgs({ options: { programs: { type: "string" } } });

/** The longest that npm may take for one program. */
const LIMIT_MS = 300_000;

function installed(directory, row) {
    const manifest = join(directory, "node_modules", row.package, "package.json");
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version === row.version;
}

for (const [name, row] of Object.entries(PROGRAMS)) {
    const directory = join(options.programs, name);
    if (installed(directory, row)) continue;
    mkdirSync(directory, { recursive: true });
    const begun = Date.now();
    const args = ["install", "--prefix", directory, "--no-audit", "--no-fund", `${row.package}@${row.version}`];
    const done = spawnSync("npm", args, { encoding: "utf8", timeout: LIMIT_MS });
    if (done.status !== 0 || !installed(directory, row)) {
        console.error(`error: npm could not install ${row.package}@${row.version}; it said:\n${done.stdout}${done.stderr}`);
        process.exit(6);
    }
    console.log(`installed ${row.package}@${row.version} in ${((Date.now() - begun) / 1000).toFixed(0)} s`);
}
