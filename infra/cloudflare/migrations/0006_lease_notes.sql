-- What the holder of a lease leaves for those that wait: an upstream's refusal or failure.

ALTER TABLE leases ADD COLUMN note TEXT;
