// The agent programs that are not ours: which package, how it is started, and what it must be told so that it asks
// the scripted model and nobody else. A row more is a program more.
//
// `configure(home, model)` writes the program's own configuration below a home directory of its own and gives its row
// for ganger's configuration: what is not there is ganger's built-in row.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const MODEL = "scripted-1";

function write(path, value) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

export const PROGRAMS = {
    opencode: {
        package: "opencode-ai",
        version: "1.18.33",
        takesTools: true,
        configure(home, model, installed) {
            write(join(home, ".config/opencode/opencode.json"), {
                provider: {
                    scripted: {
                        npm: "@ai-sdk/openai-compatible",
                        options: { baseURL: model, apiKey: "none" },
                        models: { [MODEL]: { tool_call: true, limit: { context: 200000, output: 8192 } } },
                    },
                },
                model: `scripted/${MODEL}`,
                small_model: `scripted/${MODEL}`,
                enabled_providers: ["scripted"],
                autoupdate: false,
                share: "disabled",
            });
            const quiet = {
                OPENCODE_DISABLE_AUTOUPDATE: "1",
                OPENCODE_DISABLE_MODELS_FETCH: "1",
                OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
                OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
            };
            return { command: [join(installed, "node_modules/.bin/opencode"), "acp"], variables: quiet };
        },
    },
    qwen: {
        package: "@qwen-code/qwen-code",
        version: "0.24.4",
        takesTools: true,
        configure(home, model, installed) {
            // Tools that have to be searched for first are used by no script, and by few models. Its memory is kept by an
            // agent of its own that begins when the turn is over.
            write(join(home, ".qwen/settings.json"), {
                tools: { toolSearch: { enabled: false } },
                memory: { enableManagedAutoMemory: false, enableManagedAutoDream: false },
            });
            const variables = { OPENAI_API_KEY: "none", OPENAI_BASE_URL: model, OPENAI_MODEL: MODEL };
            const command = [join(installed, "node_modules/.bin/qwen"), "--acp", "--auth-type", "openai"];
            return { command, variables };
        },
    },
    // Takes no MCP servers from its client, so it has no tools of ganger's and plans by the draft file.
    cline: {
        package: "cline",
        version: "3.0.65",
        takesTools: false,
        configure(home, model, installed) {
            const settings = { provider: "openai-compatible", apiKey: "none", model: MODEL, baseUrl: model };
            write(join(home, ".cline/data/settings/providers.json"), {
                version: 1,
                lastUsedProvider: "openai-compatible",
                modes: {},
                providers: {
                    "openai-compatible": { settings, updatedAt: "2026-01-01T00:00:00.000Z", tokenSource: "manual" },
                },
            });
            const variables = {
                CLINE_API_KEY: "none",
                CLINE_PROVIDER: "openai-compatible",
                CLINE_MODEL: MODEL,
                CLINE_NO_AUTO_UPDATE: "1",
            };
            return { command: [join(installed, "node_modules/.bin/cline"), "--acp"], variables };
        },
    },
};
