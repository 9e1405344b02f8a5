-- Lists leave out what is finished, and counts read no rows: the status stands in the index too.
DROP INDEX streams_listed;
CREATE INDEX streams_listed ON streams (kind, number, id, status) WHERE summary IS NOT NULL;
