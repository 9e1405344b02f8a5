// A throw-away workspace: small repositories with bare remotes, a home directory, a GANGER_HOME.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const TICKET = `Limit the keys in every repository

Each repository needs a file with the highest number of keys that it accepts. The number must be positive.
`;

/** Every limit must be a positive number; and nothing but what the plan says may be there. */
const CHECK = `#!/bin/sh
set -eu
for file in src/*_limit.txt; do
  [ -e "$file" ] || continue
  limit=$(cat "$file")
  [ "$limit" -gt 0 ] || { echo "$file: the limit must be positive, found $limit" >&2; exit 1; }
done
echo "limits are fine"
`;

const AUTHOR = {
    GIT_AUTHOR_NAME: "Ada",
    GIT_AUTHOR_EMAIL: "ada@example.org",
    GIT_COMMITTER_NAME: "Ada",
    GIT_COMMITTER_EMAIL: "ada@example.org",
};

export class World {
    /** Makes the world below `root`; `names` are its repositories. */
    constructor(root, names) {
        this.root = root;
        this.home = join(root, "home");
        this.ganger = join(root, "ganger");
        this.workspace = join(root, "acme");
        this.gates = join(root, "gates");
        for (const directory of [this.home, this.ganger, this.workspace, this.gates]) {
            mkdirSync(directory, { recursive: true });
        }
        writeFileSync(join(root, "ticket.md"), TICKET);
        for (const name of names) this.repository(name);
    }

    /** The environment of everything here: a home of its own, and no shell that would set another one up. */
    environment() {
        const { PATH, LANG = "C.UTF-8" } = process.env;
        return { PATH, LANG, HOME: this.home, TMPDIR: this.root, GANGER_HOME: this.ganger };
    }

    git(directory, ...args) {
        const env = { ...this.environment(), ...AUTHOR, GIT_CONFIG_NOSYSTEM: "1" };
        return execFileSync("git", args, { cwd: directory, env, encoding: "utf8" }).trim();
    }

    remote(name) {
        return join(this.root, "remotes", `${name}.git`);
    }

    repository(name) {
        const clone = join(this.workspace, name);
        const remote = this.remote(name);
        mkdirSync(join(clone, "src"), { recursive: true });
        mkdirSync(remote, { recursive: true });
        writeFileSync(join(clone, "check.sh"), CHECK);
        writeFileSync(join(clone, "README.md"), `# ${name}\n`);
        writeFileSync(join(clone, "src/keys.txt"), "alpha\nbeta\n");
        this.git(remote, "init", "--quiet", "--bare", "--initial-branch=main");
        this.git(clone, "init", "--quiet", "--initial-branch=main");
        this.git(clone, "add", "--all");
        this.git(clone, "commit", "--quiet", "--message=Begin");
        this.git(clone, "remote", "add", "origin", remote);
        this.git(clone, "push", "--quiet", "--set-upstream", "origin", "main");
    }

    /** Opens the gate at which the implementer of a repository waits. */
    open(name) {
        writeFileSync(this.gate(name), "open\n");
    }

    gate(name) {
        return join(this.gates, name);
    }
}
