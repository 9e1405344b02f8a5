-- A site, and a work item with one of everything.
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
