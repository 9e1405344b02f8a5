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

/** A planner that has ganger's tools. */
function planner(waves) {
    return {
        name: "planner",
        when: { prompt_contains: ["# Your task: plan this ticket"], tool: "submit_plan" },
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

/** Planners that have none: what stands in the draft when the turn ends is the plan, and is refused once too. */
function planners_by_draft(waves) {
    const draft = (name, when, text) => ({
        name,
        when: { prompt_contains: [when] },
        take: { draft: ["the draft is <", ">"] },
        replies: [
            {
                until: "the draft is <",
                text: "I look around first.",
                calls: [{ run: { command: `ls; rm -f "$GANGER_DRAFT"; printf '%s <%s>\\n' 'the draft is' "$GANGER_DRAFT"` } }],
            },
            { until: "the draft stands", calls: [{ write: { path: "{draft}", text } }, { run: { command: stands } }] },
            { text: "The plan is in the draft." },
        ],
    });
    const stands = `${awaited('"$GANGER_DRAFT"')} && ${said(["the", "draft", "stands"])}`;
    return [
        draft("planner", "# Your task: plan this ticket", BAD_PLAN),
        draft("planner corrects", "Your plan can't be accepted yet", plan(waves)),
    ];
}

/** A shell condition: the file is there, now or in a moment. Tools of one answer may run side by side. */
function awaited(file) {
    return `for _ in $(seq 100); do [ -s ${file} ] && break; sleep 0.1; done; [ -s ${file} ]`;
}

const WAITED = "has waited";

/** Whether an implementer stands at its gate in this reply. */
export function waits(reply) {
    return reply.until?.endsWith(WAITED) ?? false;
}

/**
 * An implementer. It waits in the middle of its turn for the file `gate`, if it has one; it is then that things are
 * killed.
 */
function implementer(name, { gate, first, earlier, asks }) {
    const file = `src/${name}_limit.txt`;
    const wait = gate ? `for _ in $(seq 600); do [ -e '${gate}' ] && break; sleep 0.1; done; ` : "";
    const read = earlier.map((other) => `cat ../${other}/src/${other}_limit.txt && `).join("");
    const place = `printf '%s %s is <%s>\\n' ${name} place "$PWD"`;
    const question = {
        until: ANSWER,
        calls: [{ tool: { name: "ask_foreman", arguments: { question: `How many keys does ${name} accept?` } } }],
    };
    return {
        name: `implementer ${name}`,
        when: { prompt_contains: [`# Your task: the part of \`${name}\``] },
        take: { place: [`${name} place is <`, ">"] },
        replies: [
            { until: `${name} place is <`, text: "I look around first.", calls: [{ run: { command: `${read}${place}` } }] },
            ...(asks ? [question] : []),
            {
                until: `${name} ${WAITED}`,
                calls: [{ run: { command: `${wait}${said([name, ...WAITED.split(" ")])}` } }],
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

/** The Foreman's answer. Whoever asks knows by it that the answer came. */
const ANSWER = "As many as the plan says: one hundred.";

const foreman = {
    name: "foreman",
    when: { prompt_contains: ["# Question "] },
    take: { number: ["# Question ", ","] },
    replies: [
        {
            until: "The answer is given.",
            calls: [
                {
                    tool: {
                        name: "propose_answer",
                        arguments: { question_id: "{number}", answer: ANSWER, confidence: "high" },
                    },
                },
            ],
        },
        { text: "The question is answered." },
    ],
};

/** Reviewers look before they judge: with ganger's tools, and, without, by their last words. */
function reviewers(names) {
    const rule = (name, when, verdict) => ({
        name: `reviewer ${name}`,
        when: { prompt_contains: [`You review the part of \`${name}\``], ...when },
        replies: [
            {
                until: `${name} is looked at`,
                calls: [{ run: { command: `sh check.sh && git log -1 && ${said([name, "is", "looked", "at"])}` } }],
            },
            ...verdict,
        ],
    });
    const submitted = { tool: { name: "submit_review", arguments: { verdict: "no_critiques", critiques: [] } } };
    return names.flatMap((name) => [
        rule(name, { tool: "submit_review" }, [
            { until: "The review is taken.", calls: [submitted] },
            { text: "The verdict is submitted." },
        ]),
        rule(name, {}, [{ text: "NO_CRITIQUES" }]),
    ]);
}

/**
 * The whole script: waves of repositories, the one whose first result breaks its check, the one
 * whose implementer asks a question, and gates by repository.
 */
export function script({ waves, breaks, gates, asks }) {
    const earlier = (name) => waves.slice(0, waves.findIndex((wave) => wave.includes(name))).flat();
    const rules = waves.flat().flatMap((name) => {
        const first = name === breaks ? "0" : "100";
        return [repair(name), implementer(name, { gate: gates[name], first, earlier: earlier(name), asks: name === asks })];
    });
    const others = [foreman, ...reviewers(waves.flat())];
    return { rules: [planner(waves), ...planners_by_draft(waves), ...rules, ...others] };
}
