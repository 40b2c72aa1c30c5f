-- The digest of the password (argon2id, in its own text form); null for an account that has passkeys only. No reader ever selects it.
ALTER TABLE users ADD COLUMN password text;
