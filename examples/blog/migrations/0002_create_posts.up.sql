-- Trigrams: the only index that serves `q=`, which looks for a part of the title. Trusted, so no superuser is needed.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- The posts of the blog. The checks mirror the declaration: they hold for every writer, psql among them.
CREATE TABLE posts (
  id uuid PRIMARY KEY,
  author_id uuid NOT NULL CONSTRAINT posts_author_id_fkey REFERENCES users (id),
  title text NOT NULL CONSTRAINT posts_title_check CHECK (char_length(title) BETWEEN 1 AND 200),
  body text NOT NULL CONSTRAINT posts_body_check CHECK (char_length(body) <= 50000),
  status text NOT NULL CONSTRAINT posts_status_check CHECK (status IN ('draft', 'published', 'archived')),
  published_at timestamptz(3),
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL CONSTRAINT posts_version_check CHECK (version > 0),
  deleted_at timestamptz(3)
);

-- All indexes below leave deleted posts out: nearly every statement does too, and the few that ask for them may scan.
-- `id` ends each order, which makes it total, as keyset pages need.

-- The list of posts, newest first.
CREATE INDEX posts_created_at_idx ON posts (created_at DESC, id DESC) WHERE deleted_at IS NULL;

-- The posts of one author, newest first: `/users/:id/posts`, the filter `author_id`, and the policy "one's own".
-- It also serves the look-up by which the foreign key guards a user, for all but deleted posts.
CREATE INDEX posts_author_id_created_at_idx ON posts (author_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;

-- The posts in one status, newest first: the list as the public sees it. Never `status` alone: three values choose nothing.
CREATE INDEX posts_status_created_at_idx ON posts (status, created_at DESC, id DESC) WHERE deleted_at IS NULL;

-- The list of posts by title.
CREATE INDEX posts_title_idx ON posts (title, id) WHERE deleted_at IS NULL;

-- The search of `q=` in titles.
CREATE INDEX posts_title_trgm_idx ON posts USING gin (title gin_trgm_ops) WHERE deleted_at IS NULL;
