-- The accounts of the blog. The checks mirror the declaration: they hold for every writer, psql among them.
CREATE TABLE users (
  id uuid PRIMARY KEY,
  email text NOT NULL CONSTRAINT users_email_check CHECK (char_length(email) BETWEEN 3 AND 254),
  display_name text NOT NULL CONSTRAINT users_display_name_check CHECK (char_length(display_name) BETWEEN 1 AND 100),
  role text NOT NULL CONSTRAINT users_role_check CHECK (role IN ('admin', 'editor', 'viewer')),
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL CONSTRAINT users_version_check CHECK (version > 0),
  deleted_at timestamptz(3)
);

-- One living account for each address; partial, so that the address of a deleted account is free again.
CREATE UNIQUE INDEX users_email_key ON users (email) WHERE deleted_at IS NULL;

-- The list of users, newest first. `id` makes the order total, which keyset pages need.
CREATE INDEX users_created_at_idx ON users (created_at DESC, id DESC) WHERE deleted_at IS NULL;
