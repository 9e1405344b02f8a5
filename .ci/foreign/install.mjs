// Installs the agent programs with npm, each in a directory of its own, in the pinned versions.
//
//     node install.mjs --programs DIR

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PROGRAMS } from "./programs.mjs";

const { values: options } = parseArgs({ options: { programs: { type: "string" } } });

/** How often npm is asked: one of several at once can fail over the cache that they share. */
const TRIES = 2;
/** The longest that npm may take for one program. */
const LIMIT_MS = 300_000;

function isInstalled(directory, row) {
    const manifest = join(directory, "node_modules", row.package, "package.json");
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version === row.version;
}

function npm(args) {
    return new Promise((resolve) => {
        const child = spawn("npm", args, { stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS });
        let output = "";
        child.stdout.on("data", (data) => (output += data));
        child.stderr.on("data", (data) => (output += data));
        child.on("error", (error) => resolve({ code: null, output: error.message }));
        child.on("close", (code, signal) => resolve({ code, output: signal ? `${output}(ended by ${signal})` : output }));
    });
}

async function install([name, row]) {
    const directory = join(options.programs, name);
    if (isInstalled(directory, row)) return true;
    mkdirSync(directory, { recursive: true });
    const begun = Date.now();
    const wanted = `${row.package}@${row.version}`;
    for (let tries = 1; tries <= TRIES; tries += 1) {
        const { code, output } = await npm(["install", "--prefix", directory, "--no-audit", "--no-fund", wanted]);
        if (code === 0 && isInstalled(directory, row)) {
            console.log(`installed ${wanted} in ${((Date.now() - begun) / 1000).toFixed(0)} s`);
            return true;
        }
        console.error(`error: npm could not install ${wanted} (exit code ${code}, try ${tries} of ${TRIES}):\n${output}`);
    }
    return false;
}

const installed = await Promise.all(Object.entries(PROGRAMS).map(install));
process.exit(installed.every(Boolean) ? 0 : 6);
