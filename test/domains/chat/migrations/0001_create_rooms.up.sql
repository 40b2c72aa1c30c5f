CREATE TABLE people (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  deleted_at timestamptz(3)
);
CREATE INDEX people_created_at_idx ON people (created_at DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE rooms (
  id uuid PRIMARY KEY,
  title text NOT NULL,
  is_open boolean NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  deleted_at timestamptz(3)
);
CREATE INDEX rooms_created_at_idx ON rooms (created_at DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE messages (
  id uuid PRIMARY KEY,
  room_id uuid NOT NULL CONSTRAINT messages_room_id_fkey REFERENCES rooms (id),
  author_id uuid NOT NULL CONSTRAINT messages_author_id_fkey REFERENCES people (id),
  text text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  deleted_at timestamptz(3)
);
CREATE INDEX messages_room_id_created_at_idx ON messages (room_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX messages_author_id_idx ON messages (author_id) WHERE deleted_at IS NULL;
CREATE INDEX messages_created_at_idx ON messages (created_at DESC, id DESC) WHERE deleted_at IS NULL;
