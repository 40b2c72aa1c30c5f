ALTER TABLE users DROP COLUMN password;
