-- A site, and a work item with one of everything, with what its turns used and what can be found.
INSERT INTO streams (stream, kind, id) VALUES (1, 'site', 's1');
INSERT INTO streams (stream, kind, id, number, title, status, live, needs_person, due_at_ms, summary)
VALUES (2, 'work_item', 'w1', 12, 'Health page', 'planning', 1, 1, 99, '{"ticket":"ABC-1"}');
INSERT INTO search (rowid, title, text) VALUES (2, 'Health page', 'ABC-1');
INSERT INTO events (seq, stream, version, kind, wall_ms, awake_ms, data, bodies) VALUES
    (1, 1, 1, 'site.born/1', 10, 0, '{}', 0),
    (2, 2, 1, 'item.ingested/1', 20, 10, '{"title":"Health page"}', 0),
    (3, 2, 2, 'plan.submitted/1', 30, 20, '{"plan":"sha256:c59d3c0480cc2d71d8f646e735e92da65450311eec46e81a5db8c7e6e8a92054"}', 1);
INSERT INTO blobs (blob, digest, bytes) VALUES (1, x'c59d3c0480cc2d71d8f646e735e92da65450311eec46e81a5db8c7e6e8a92054', CAST(replace(hex(zeroblob(2500)), '0', 'x') AS BLOB));
INSERT INTO bodies (seq, at, blob) VALUES (3, 8, 1);
INSERT INTO snapshots (stream, schema, version, bytes) VALUES (2, 3, 1, x'0102');
INSERT INTO commands (key, body_digest, result, wall_ms)
VALUES ('me/k', x'74e21680eac7385ca408cb01878465fd693b37e58eb0c0c32663a2d8f15d8136', 'done', 30);
INSERT INTO numbers (kind, number, id, stream) VALUES ('d', 1, 'd-id', 2);
-- Turns of two agents: the first said what it used, the second did not, the third lies.
INSERT INTO streams (stream, kind, id) VALUES (3, 'work_item', 'w2');
INSERT INTO events (seq, stream, version, kind, wall_ms, awake_ms, data, bodies) VALUES
    (4, 3, 1, 'session.created/1', 40, 30, '{"at":{},"data":{"session":"s-1","kind":"implementation","repository":"api","agent":"one","parent":null,"ordinal":1}}', 0),
    (5, 3, 2, 'session.created/1', 40, 30, '{"at":{},"data":{"session":"s-2","kind":"planning","repository":null,"agent":"two","parent":null,"ordinal":1}}', 0),
    (6, 3, 3, 'turn.ended/1', 50, 40, '{"at":{},"data":{"session":"s-1","end":{"reason":"completed"},"usage":{"input_tokens":10,"output_tokens":2,"total_tokens":null,"cost_usd_micros":300}}}', 0),
    (7, 3, 4, 'turn.ended/1', 60, 50, '{"at":{},"data":{"session":"s-2","end":{"reason":"completed"},"usage":null}}', 0),
    (8, 3, 5, 'turn.ended/1', 70, 60, '{"at":{},"data":{"session":"s-1","end":{"reason":"completed"},"usage":{"input_tokens":null,"output_tokens":null,"total_tokens":18446744073709551615,"cost_usd_micros":null}}}', 0),
    (9, 3, 6, 'turn.ended/1', 70, 60, '{"at":{},"data":{"session":"s-9","end":{"reason":"completed"},"usage":null}}', 0);
INSERT INTO turns (seq, stream, wall_ms, agent, repository, phase, input, output, tokens, cost) VALUES
    (6, 3, 50, 'one', 'api', 'implementation', 10, 2, 12, 300),
    (7, 3, 60, 'two', NULL, 'planning', NULL, NULL, NULL, NULL),
    (8, 3, 70, 'one', 'api', 'implementation', NULL, NULL, NULL, NULL);
INSERT INTO texts (text, key, stream, kind, place, wall_ms) VALUES (1, 'plan:w1:1', 2, 'plan', '{"version":1}', 30);
INSERT INTO words (rowid, body) VALUES (1, 'a health page that is cached');
INSERT INTO marks (name, value) VALUES ('words', '9');
