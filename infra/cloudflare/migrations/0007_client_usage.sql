-- The bytes that each client got in a calendar month (UTC), for the limits in `clients`.

CREATE TABLE usage (
  month TEXT NOT NULL,
  client TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (month, client)
) WITHOUT ROWID;
