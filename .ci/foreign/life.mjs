// Takes a ticket through its whole life with agent programs that are not ours and a scripted model, once for each cast
// below, and asserts from the remotes, from what ganger shows, and from what the model was asked.
//
//     node life.mjs --bin DIR --programs DIR --scratch DIR [--only CAST]

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PROGRAMS } from "./programs.mjs";
import { script, waits } from "./script.mjs";
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
const LIMIT_MS = 180_000;
const PATIENCE = `${LIMIT_MS / 1000}s`;

/**
 * Who plays what. `kills` are carried out while the implementer of that repository is in the middle of its turn, at a gate:
 * `daemon` kills the daemon, which the agent outlives; `host` kills the agent with everything around it.
 */
const CASTS = {
    opencode: { ...mostly("opencode"), reviewer: "cline", asks: "shared" },
    qwen: { ...mostly("qwen"), reviewer: "opencode", asks: "shared" },
    cline: {
        ...mostly("cline"),
        waves: [["shared"], ["api", "web"]],
        implementers: { shared: "cline", api: "cline", web: "opencode" },
        breaks: "web",
        reviewer: "qwen",
    },
};

/** One program that plans, implements, and answers questions; what its agents do is interrupted in both ways. */
function mostly(name) {
    return {
        waves: [["shared"], ["api"]],
        breaks: "api",
        planner: name,
        implementers: { shared: name, api: name },
        kills: { shared: "daemon", api: "host" },
    };
}

/** Lives that run side by side: agents wait more than they work. */
const SIDE_BY_SIDE = 2;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a condition, with a deadline. */
async function until(what, condition) {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (Date.now() > deadline) throw new Error(`${what} did not come about in ${LIMIT_MS / 1000} s`);
        await sleep(100);
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

    /** What it was asked so far. The last line may be half written. */
    asked() {
        if (!existsSync(this.log)) return [];
        return readFileSync(this.log, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line));
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

    say(line) {
        console.log(`${this.name}: ${line}`);
    }

    /** Runs `ganger` as a person would; what it prints. */
    async run(args, { codes = [0] } = {}) {
        const done = await this.try(args);
        const words = `ganger ${args.join(" ")}: exit code ${done.code}\n${done.output}${done.errors}`;
        assert.ok(codes.includes(done.code), words);
        return done.output;
    }

    try(args) {
        return new Promise((resolve, reject) => {
            const env = { ...this.world.environment(), ...this.variables };
            const stdio = ["ignore", "pipe", "pipe"];
            const child = spawn(join(options.bin, "ganger"), args, { cwd: this.world.workspace, env, stdio });
            let [output, errors] = ["", ""];
            child.stdout.on("data", (data) => (output += data));
            child.stderr.on("data", (data) => (errors += data));
            child.on("error", reject);
            child.on("close", (code) => resolve({ code, output, errors }));
        });
    }

    async json(args) {
        return JSON.parse(await this.run([...args, "--json"]));
    }

    configure(model) {
        const { planner, implementers, reviewer } = this.cast;
        const used = [...new Set([planner, reviewer, ...Object.values(implementers)])];
        this.variables = {};
        let text = `[agents]\ndefault = "${planner}"\nplanning = "${planner}"\nreview = "${reviewer}"\n`;
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
        const rule = `implementer ${repository}`;
        const reply = script(this.plot).rules.find(({ name }) => name === rule).replies.findIndex(waits) + 1;
        const atTheGate = (asked) => asked.rule === rule && asked.reply === reply;
        await until(`the gate in the turn in ${repository}`, () => model.asked().some(atTheGate));
        if (what === "daemon") {
            const { pid } = await this.json(["daemon", "status"]);
            process.kill(pid, "SIGKILL");
            await until("the daemon's death", () => !existsSync(`/proc/${pid}`));
        } else {
            process.kill(this.host(repository).status.host.pid, "SIGKILL");
        }
        this.world.open(repository);
        // Any command starts the daemon again; while there is none, the agent goes on.
        await this.run(["show", "g1"]);
        this.say(`${what} killed in the middle of the turn in ${repository}`);
    }

    async live() {
        const { cast, world } = this;
        const gates = Object.fromEntries(Object.keys(cast.kills).map((name) => [name, world.gate(name)]));
        this.plot = { ...cast, gates };
        const model = await Model.start(world, script(this.plot));
        try {
            this.configure(model);
            await this.run(["new", "-f", join(world.root, "ticket.md")]);
            await this.run(["start", "g1"]);
            await this.run(["wait", "g1", "--timeout", PATIENCE], { codes: [3] });
            this.say(`planned by ${cast.planner}`);
            await this.run(["approve", "g1", "--digest", (await this.json(["show", "g1"])).plan.digest]);
            for (const repository of this.repositories.filter((name) => cast.kills[name])) {
                await this.interrupt(model, repository, cast.kills[repository]);
            }
            await this.run(["wait", "g1", "--timeout", PATIENCE], { codes: [3] });
            await this.run(["publish", "g1"]);
            await this.run(["wait", "g1", "--for", "done", "--timeout", PATIENCE]);
            await this.check(model);
        } catch (error) {
            console.error(await this.whatHappened());
            // Agents outlive the daemon; what still runs is of no use to anybody.
            await this.try(["stop", "g1"]);
            throw error;
        } finally {
            await this.try(["daemon", "stop"]);
            await until("the end of every process", () => this.processes().length === 0);
            model.stop();
        }
    }

    /** What still runs of this life: hosts, agents, and what they started. */
    processes() {
        const home = `GANGER_HOME=${this.world.ganger}`;
        const belongs = (pid) => {
            try {
                const read = (file) => readFileSync(`/proc/${pid}/${file}`, "utf8");
                return read("environ").includes(home) || read("cmdline").includes(this.world.ganger);
            } catch {
                return false; // It ended meanwhile, or is somebody else's.
            }
        };
        return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && belongs(name));
    }

    async whatHappened() {
        let text = `${this.name} in ${this.world.root}:\n`;
        for (const args of [["show", "g1"], ["inbox"], ["events", "g1"], ["logs", "g1", "-n", "60"]]) {
            const done = await this.try(args);
            text += `\n$ ganger ${args.join(" ")}\n${done.output}${done.errors}`;
        }
        return text;
    }

    /** What must be true at the end. */
    async check(model) {
        const { cast, world } = this;
        const item = await this.json(["show", "g1"]);
        assert.equal(item.status, "completed");
        const feed = await this.run(["events", "g1", "--json"]);
        const events = feed.split("\n").filter(Boolean).map((line) => JSON.parse(line));
        const count = (name, repository) =>
            events.filter((event) => event.name === name && (!repository || event.repository === repository)).length;

        // The planner was refused once: by the tool, and corrected itself in the same turn; or, where the program takes
        // no tools of ours, at the end of the turn, and got another.
        const tools = PROGRAMS[cast.planner].takesTools;
        assert.equal(count("plan.refused"), tools ? 1 : 0, "plan documents that the tool refused");
        assert.equal(count("plan.accepted"), tools ? 1 : 0, "plan documents that the tool accepted");
        assert.equal(count("plan.correction_wanted"), tools ? 0 : 1, "turns for a correction");
        assert.equal(item.sessions[0].agent, cast.planner);

        for (const repository of item.repositories) {
            const { name } = repository;
            // Who worked, in how many incarnations: the one whose host was killed was started once more.
            const of = (kind) => repository.sessions.filter((session) => session.kind === kind);
            const [session, ...others] = of("implementation");
            assert.deepEqual(others, [], `implementations in ${name}`);
            assert.equal(session.agent, cast.implementers[name]);
            assert.equal(session.incarnation, cast.kills[name] === "host" ? 2 : 1, `incarnations in ${name}`);
            assert.ok(session.sandbox.startsWith("Landlock"), `the sandbox of ${session.handle}: ${session.sandbox}`);
            assert.deepEqual(of("review").map((review) => review.agent), [cast.reviewer], `reviewers of ${name}`);
            // What the remote holds is the candidate, and holds what the script wrote, by the commits that it made.
            const tip = world.git(world.remote(name), "rev-parse", `refs/heads/${item.branch}`);
            assert.equal(tip, repository.candidate.commit, `the branch of ${name}`);
            assert.equal(world.git(world.remote(name), "show", `${tip}:src/${name}_limit.txt`), "100");
            const subjects = world.git(world.remote(name), "log", "--format=%s", "--reverse", `main..${item.branch}`);
            const mended = name === cast.breaks ? [`Mend the limit of ${name}`] : [];
            assert.deepEqual(subjects.split("\n"), [`Limit the keys of ${name}`, ...mended]);
            const files = world.git(world.remote(name), "diff", "--name-only", "main", item.branch);
            assert.equal(files, `src/${name}_limit.txt`);
            this.say(`${name} by ${session.agent}: ${subjects.replaceAll("\n", ", ")}`);
        }
        if (cast.asks) {
            assert.equal(count("agent_question.raised"), 1, "questions");
            assert.equal(count("agent_question.answered"), 1, "answers");
            assert.equal(count("agent_question.escalated"), 0, "questions for a person");
        }
        assert.equal(count("review.completed"), this.repositories.length, "reviews");
        // A wave begins when the one before it is proven.
        const place = (name, repository) =>
            events.findIndex((event) => event.name === name && event.repository === repository);
        for (const [earlier, later] of cast.waves.slice(1).map((wave, index) => [cast.waves[index], wave])) {
            for (const [before, after] of earlier.flatMap((one) => later.map((other) => [one, other]))) {
                assert.ok(
                    place("sub_plan.completed", before) < place("sub_plan.started", after),
                    `${after} began before ${before} was proven`,
                );
            }
        }

        const asked = model.asked();
        const failed = asked.filter((one) => one.status !== 200 && one.path !== "/v1/models");
        assert.deepEqual(failed.map((one) => `${one.method} ${one.path} ${one.status}`), [], "refused requests");
        const rules = new Set(asked.map((one) => one.rule).filter(Boolean));
        const roles = this.repositories.flatMap((name) => [`implementer ${name}`, `reviewer ${name}`]);
        const expected = ["planner", ...roles, `repair ${cast.breaks}`, ...(cast.asks ? ["foreman"] : [])];
        for (const rule of expected) assert.ok(rules.has(rule), `nobody asked for ${rule}`);
        const aside = asked.filter((one) => one.path.endsWith("/completions") && !one.rule).length;
        this.say(`the model was asked ${asked.length} times, ${aside} of them on the side`);
    }
}

const waiting = Object.entries(CASTS).filter(([name]) => !options.only || options.only === name);
if (waiting.length === 0) {
    console.error(`error: there is no cast "${options.only}"; there is: ${Object.keys(CASTS).join(", ")}`);
    process.exit(2);
}
async function liveOneAfterTheOther() {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
        const begun = Date.now();
        const life = new Life(...next);
        await life.live();
        life.say(`whole in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    }
}
await Promise.all(Array.from({ length: SIDE_BY_SIDE }, liveOneAfterTheOther));
