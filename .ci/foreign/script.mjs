// What the scripted model says, whichever program asks. Every step says by which text of a tool's result it is known to
// be done, so a program that was killed and goes on, in its old conversation or in a new one, does the step that is due
// (`crates/fake-model/src/script.rs`). A role more is a rule more: a prompt's heading, and steps.
//
// The texts that prove a step are put together by the command, so that a program which repeats the command before its
// output proves nothing.

const said = (words) => `printf '%s ${"%s ".repeat(words.length - 1).trim()}\\n' ${words.join(" ")}`;

/** The plan document for repositories in waves. */
export function plan(waves) {
    const groups = waves.map((names) => `  - [${names.join(", ")}]`).join("\n");
    const part = (name) => `## SubPlan: ${name}

### Goal
\`src/${name}_limit.txt\` holds the highest number of keys.

### Scope
- src

### Changes
- write the number 100 into \`src/${name}_limit.txt\`

### Validation
- \`sh check.sh\` says that the limits are fine

### Risks
- none that the check would not find
`;
    const parts = waves.flat().map(part).join("\n");
    return `\`\`\`ganger-plan
execution_groups:
${groups}
\`\`\`

## Orchestration

The first repository decides the number, the others take it over.

${parts}`;
}

/** The text that a planner's document is refused with, and a document that deserves it. */
const REFUSED = "The plan was not accepted.";
const BAD_PLAN = plan([["ghost"]]).replace("### Risks", "### Fears");

function planner(waves) {
    return {
        name: "planner",
        when: { prompt_contains: ["# Your task: plan this ticket"] },
        take: { draft: ["the draft is <", ">"] },
        replies: [
            {
                until: "the draft is <",
                text: "I look around first.",
                calls: [{ run: { command: `ls; printf '%s <%s>\\n' 'the draft is' "$GANGER_DRAFT"` } }],
            },
            {
                until: "the draft stands",
                text: "I write the plan down.",
                calls: [
                    { write: { path: "{draft}", text: plan(waves) } },
                    { run: { command: `${awaited('"$GANGER_DRAFT"')} && ${said(["the", "draft", "stands"])}` } },
                ],
            },
            { until: REFUSED, calls: [{ tool: { name: "submit_plan", arguments: { document: BAD_PLAN } } }] },
            {
                until: "plan is accepted",
                calls: [{ tool: { name: "submit_plan", arguments: { document: plan(waves) } } }],
            },
            { text: "The plan is submitted." },
        ],
    };
}

/** A shell condition: the file is there, now or in a moment. Tools of one answer may run side by side. */
function awaited(file) {
    return `for _ in $(seq 100); do [ -s ${file} ] && break; sleep 0.1; done; [ -s ${file} ]`;
}

/**
 * An implementer. It waits in the middle of its turn for the file `gate`, if it has one; it is then that things are
 * killed.
 */
function implementer(name, { gate, first, earlier }) {
    const file = `src/${name}_limit.txt`;
    const wait = gate ? `for _ in $(seq 600); do [ -e '${gate}' ] && break; sleep 0.1; done; ` : "";
    const read = earlier.map((other) => `cat ../${other}/src/${other}_limit.txt && `).join("");
    const place = `printf '%s %s is <%s>\\n' ${name} place "$PWD"`;
    return {
        name: `implementer ${name}`,
        when: { prompt_contains: [`# Your task: the part of \`${name}\``] },
        take: { place: [`${name} place is <`, ">"] },
        replies: [
            { until: `${name} place is <`, text: "I look around first.", calls: [{ run: { command: `${read}${place}` } }] },
            {
                until: `${name} has waited`,
                calls: [{ run: { command: `${wait}${said([name, "has", "waited"])}` } }],
            },
            {
                until: `${name} holds ${first}`,
                text: "I write the file.",
                calls: [
                    { write: { path: `{place}/${file}`, text: `${first}\n` } },
                    { run: { command: `${awaited(file)} && ${said([name, "holds", `$(cat ${file})`])}` } },
                ],
            },
            { until: `${name} is committed`, calls: [{ run: { command: commit(name, "Limit the keys") } }] },
            { text: `The limit of ${name} is committed.` },
        ],
    };
}

function commit(name, subject) {
    return `git add -A && { git diff --cached --quiet || git commit -q -m '${subject} of ${name}'; } && ${said([name, "is", "committed"])}`;
}

/** What the implementer does about a check that broke. */
function repair(name) {
    const file = `src/${name}_limit.txt`;
    return {
        name: `repair ${name}`,
        when: { prompt_contains: [`Your result in \`${name}\` was checked`] },
        replies: [
            {
                until: `${name} is committed`,
                text: "The number must be positive.",
                calls: [{ run: { command: `echo 100 > ${file} && sh check.sh && ${commit(name, "Mend the limit")}` } }],
            },
            { text: "It is mended." },
        ],
    };
}

/** The whole script: waves of repositories, the one whose first result breaks its check, and gates by repository. */
export function script({ waves, breaks, gates }) {
    const earlier = (name) => waves.slice(0, waves.findIndex((wave) => wave.includes(name))).flat();
    const rules = waves.flat().flatMap((name) => {
        const first = name === breaks ? "0" : "100";
        return [repair(name), implementer(name, { gate: gates[name], first, earlier: earlier(name) })];
    });
    return { rules: [planner(waves), ...rules] };
}
