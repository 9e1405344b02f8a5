// Takes a ticket through its whole life with agent programs that are not ours and a scripted model, once for each cast
// below, and asserts from the remotes, from what ganger shows, and from what the model was asked.
//
//     node life.mjs --bin DIR --programs DIR --scratch DIR [--only CAST] [--keep]

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PROGRAMS } from "./programs.mjs";
import { script } from "./script.mjs";
import { World } from "./world.mjs";

const { values: options } = parseArgs({
    options: {
        bin: { type: "string" },
        programs: { type: "string" },
        scratch: { type: "string" },
        only: { type: "string" },
    },
});

/** The longest that anything is waited for. */
const LIMIT_MS = 120_000;

/**
 * Who plays what. `kills` are carried out while the implementer of that repository is in the middle of its turn, at a gate:
 * `daemon` kills the daemon, which the agent outlives; `host` kills the agent with everything around it.
 */
const CASTS = {
    opencode: {
        waves: [["shared"], ["api"]],
        breaks: "api",
        planner: "opencode",
        implementers: { shared: "opencode", api: "opencode" },
        kills: { shared: "daemon", api: "host" },
    },
    qwen: {
        waves: [["shared"], ["api"]],
        breaks: "api",
        planner: "qwen",
        implementers: { shared: "qwen", api: "qwen" },
        kills: { shared: "daemon", api: "host" },
    },
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a condition, with a deadline. */
async function until(what, condition) {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (Date.now() > deadline) throw new Error(`${what} did not come about in ${LIMIT_MS / 1000} s`);
        await sleep(50);
    }
}

/** The scripted model: a process of its own, and what it was asked. */
class Model {
    static async start(world, text) {
        const model = new Model();
        const file = join(world.root, "script.json");
        writeFileSync(file, JSON.stringify(text, null, 1));
        model.log = join(world.root, "model.jsonl");
        const args = ["--script", file, "--log", model.log];
        model.child = spawn(join(options.bin, "ganger-fake-model"), args, { stdio: ["ignore", "pipe", "inherit"] });
        let output = "";
        model.child.stdout.on("data", (data) => (output += data));
        const [, port] = await until("the scripted model's port", () => output.match(/LISTENING (\d+)/));
        model.url = `http://127.0.0.1:${port}/v1`;
        return model;
    }

    asked() {
        if (!existsSync(this.log)) return [];
        return readFileSync(this.log, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
    }

    stop() {
        this.child.kill();
    }
}

/** One ticket's life. */
class Life {
    constructor(name, cast) {
        this.name = name;
        this.cast = cast;
        this.repositories = cast.waves.flat();
        const root = join(options.scratch, name);
        mkdirSync(root, { recursive: true });
        this.world = new World(root, this.repositories);
    }

    run(args, { codes = [0] } = {}) {
        const done = spawnSync(join(options.bin, "ganger"), args, {
            cwd: this.world.workspace,
            env: { ...this.world.environment(), ...this.variables },
            encoding: "utf8",
            stdio: ["ignore", "pipe", "pipe"],
        });
        const words = `ganger ${args.join(" ")}: exit code ${done.status}\n${done.stdout}${done.stderr}`;
        assert.ok(codes.includes(done.status), words);
        return done.stdout;
    }

    json(args, codes) {
        return JSON.parse(this.run([...args, "--json"], codes));
    }

    configure(model) {
        const { planner, implementers } = this.cast;
        const used = [...new Set([planner, ...Object.values(implementers)])];
        this.variables = {};
        let text = `[agents]\ndefault = "${planner}"\nplanning = "${planner}"\n`;
        for (const name of used) {
            const row = PROGRAMS[name].configure(this.world.home, model.url, join(options.programs, name));
            Object.assign(this.variables, row.variables);
            text += `\n[agents.${name}]\ncommand = ${JSON.stringify(row.command)}\n`;
            text += `environment = ${JSON.stringify(Object.keys(row.variables))}\n`;
        }
        text += `\n[publish]\npush = "ask"\n`;
        writeFileSync(join(this.world.ganger, "config.toml"), text);
        mkdirSync(join(this.world.workspace, ".ganger"), { recursive: true });
        let workspace = `schema = 1\nname = "acme"\n`;
        for (const name of this.repositories) {
            workspace += `\n[repositories.${name}]\nchecks = [{ name = "limits", run = "sh check.sh" }]\n`;
            workspace += `agent = { implementation = "${implementers[name]}" }\n`;
        }
        writeFileSync(join(this.world.workspace, ".ganger/workspace.toml"), workspace);
    }

    /** The host of the running session in a repository: its process. */
    host(repository) {
        const hosts = join(this.world.ganger, "hosts");
        for (const name of readdirSync(hosts)) {
            const read = (file) => JSON.parse(readFileSync(join(hosts, name, file), "utf8"));
            if (!existsSync(join(hosts, name, "status")) || !name.match(/^[^[]+\.\d+$/)) continue;
            const { process: started } = read("spec");
            const status = read("status");
            if (started.directory.endsWith(`/${repository}`) && !status.exit) return { name, status };
        }
        throw new Error(`no host works in ${repository}`);
    }

    /** Kills something while the implementer of `repository` stands at its gate, and lets that go on. */
    async interrupt(model, repository, what) {
        await until(`the turn in ${repository}`, () =>
            model.asked().some((asked) => asked.rule === `implementer ${repository}` && asked.reply === 2),
        );
        if (what === "daemon") {
            const { pid } = this.json(["daemon", "status"]);
            process.kill(pid, "SIGKILL");
            await until("the daemon's death", () => !existsSync(`/proc/${pid}`));
        } else {
            process.kill(this.host(repository).status.host.pid, "SIGKILL");
        }
        this.world.open(repository);
        // Any command starts the daemon again; while there is none, the agent goes on.
        this.run(["show", "g1"]);
        console.log(`  ${what} killed in the middle of the turn in ${repository}`);
    }

    async live() {
        const { cast, world } = this;
        const gates = Object.fromEntries(Object.keys(cast.kills).map((name) => [name, world.gate(name)]));
        const model = await Model.start(world, script({ ...cast, gates }));
        try {
            this.configure(model);
            this.run(["new", "-f", join(world.root, "ticket.md")]);
            this.run(["start", "g1"]);
            this.run(["wait", "g1", "--timeout", "90s"], { codes: [3] });
            console.log(`  planned by ${cast.planner}`);
            this.run(["approve", "g1", "--digest", this.json(["show", "g1"]).plan.digest]);
            for (const repository of this.repositories.filter((name) => cast.kills[name])) {
                await this.interrupt(model, repository, cast.kills[repository]);
            }
            this.run(["wait", "g1", "--timeout", "90s"], { codes: [3] });
            this.run(["publish", "g1"]);
            this.run(["wait", "g1", "--for", "done", "--timeout", "60s"]);
            this.check(model);
        } catch (error) {
            console.error(this.whatHappened());
            throw error;
        } finally {
            spawnSync(join(options.bin, "ganger"), ["daemon", "stop"], { env: world.environment() });
            model.stop();
        }
    }

    whatHappened() {
        const said = (args) => {
            const done = spawnSync(join(options.bin, "ganger"), args, {
                cwd: this.world.workspace,
                env: { ...this.world.environment(), ...this.variables },
                encoding: "utf8",
            });
            return `$ ganger ${args.join(" ")}\n${done.stdout}${done.stderr}`;
        };
        return [["show", "g1"], ["inbox"], ["events", "g1"], ["logs", "g1", "-n", "60"]].map(said).join("\n");
    }

    /** What must be true at the end. */
    check(model) {
        const { cast, world } = this;
        const item = this.json(["show", "g1"]);
        assert.equal(item.status, "completed");
        const events = this.run(["events", "g1", "--json"]).split("\n").filter(Boolean).map((line) => JSON.parse(line));
        const count = (name, repository) =>
            events.filter((event) => event.name === name && (!repository || event.repository === repository)).length;

        // The planner was refused once, by the tool, and corrected itself in the same turn.
        assert.equal(count("plan.refused"), 1, "plan documents that were refused");
        assert.equal(count("plan.accepted"), 1, "plan documents that were accepted");
        assert.equal(count("plan.correction_wanted"), 0, "turns for a correction");
        assert.equal(item.sessions[0].agent, cast.planner);

        for (const repository of item.repositories) {
            const { name } = repository;
            // Who worked, in how many incarnations: the one whose host was killed was started once more.
            const [session] = repository.sessions;
            assert.equal(repository.sessions.length, 1, `sessions in ${name}`);
            assert.equal(session.agent, cast.implementers[name]);
            assert.equal(session.incarnation, cast.kills[name] === "host" ? 2 : 1, `incarnations in ${name}`);
            assert.ok(session.sandbox.startsWith("Landlock"), `the sandbox of ${session.handle}: ${session.sandbox}`);
            // What the remote holds is the candidate, and holds what the script wrote, by the commits that it made.
            const tip = world.git(world.remote(name), "rev-parse", `refs/heads/${item.branch}`);
            assert.equal(tip, repository.candidate.commit, `the branch of ${name}`);
            assert.equal(world.git(world.remote(name), "show", `${tip}:src/${name}_limit.txt`), "100");
            const subjects = world.git(world.remote(name), "log", "--format=%s", "--reverse", `main..${item.branch}`);
            const mended = name === cast.breaks ? [`Mend the limit of ${name}`] : [];
            assert.deepEqual(subjects.split("\n"), [`Limit the keys of ${name}`, ...mended]);
            const files = world.git(world.remote(name), "diff", "--name-only", "main", item.branch);
            assert.equal(files, `src/${name}_limit.txt`);
            console.log(`  ${name} by ${session.agent}: ${subjects.replaceAll("\n", ", ")}`);
        }
        // A wave begins when the one before it is proven.
        const place = (name, repository) =>
            events.findIndex((event) => event.name === name && event.repository === repository);
        for (const [earlier, later] of cast.waves.slice(1).map((wave, index) => [cast.waves[index], wave])) {
            for (const [before, after] of earlier.flatMap((one) => later.map((other) => [one, other]))) {
                assert.ok(
                    events.map((event) => event.name === "check.passed" && event.repository).lastIndexOf(before) <
                        place("agent_session.started", after),
                    `${after} began before ${before} was proven`,
                );
            }
        }

        const asked = model.asked();
        const failed = asked.filter((one) => one.status !== 200 && one.path !== "/v1/models");
        assert.deepEqual(failed.map((one) => `${one.method} ${one.path} ${one.status}`), [], "refused requests");
        const rules = new Set(asked.map((one) => one.rule).filter(Boolean));
        const expected = ["planner", ...this.repositories.map((name) => `implementer ${name}`)];
        for (const rule of [...expected, `repair ${cast.breaks}`]) assert.ok(rules.has(rule), `nobody asked for ${rule}`);
        const aside = asked.filter((one) => one.path.endsWith("/completions") && !one.rule).length;
        console.log(`  the model was asked ${asked.length} times, ${aside} of them on the side`);
    }
}

for (const [name, cast] of Object.entries(CASTS)) {
    if (options.only && options.only !== name) continue;
    const begun = Date.now();
    console.log(`${name}:`);
    await new Life(name, cast).live();
    console.log(`  whole in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
}
