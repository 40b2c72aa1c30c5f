-- Fills the tables of the reference service with rows that depend on nothing but their number.

-- A UUIDv7 of the given millisecond, with random bits that are not random.
CREATE FUNCTION bench_uuid(kind text, number integer, at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid
  FROM (SELECT md5(kind || number) AS hash) AS hashed
$$;

-- One user each hour and one post each minute, so ids, times and numbers have one order. Seven posts in ten are
-- published; the second user, an editor, wrote one in twenty.
CREATE FUNCTION bench_user_at(number integer) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT timestamptz '2020-01-01 00:00:00+00' + number * interval '1 hour' + (number % 1000) * interval '1 ms'
$$;

CREATE FUNCTION bench_post_at(number integer) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT timestamptz '2024-01-01 00:00:00+00' + number * interval '1 minute' + (number % 1000) * interval '1 ms'
$$;

CREATE FUNCTION bench_seed(users integer, posts integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  definitions text[];
  definition text;
  name regclass;
BEGIN
  -- An index is built over all rows at once in a fraction of the time that it takes row by row; so it is for foreign keys, and
  -- these rows keep them by the way they are made.
  SELECT array_agg(pg_get_indexdef(indexrelid)) INTO definitions
  FROM pg_index WHERE indrelid = 'posts'::regclass AND NOT indisprimary;
  FOR name IN SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'posts'::regclass AND NOT indisprimary LOOP
    EXECUTE format('DROP INDEX %s', name);
  END LOOP;
  SET LOCAL session_replication_role = replica;

  INSERT INTO users (id, email, display_name, role, created_at, updated_at, version)
  SELECT bench_uuid('user', number, bench_user_at(number)), 'user' || number || '@example.com', 'User ' || number,
    CASE WHEN number = 1 THEN 'admin' WHEN number % 10 < 5 THEN 'editor' ELSE 'viewer' END, bench_user_at(number), bench_user_at(number), 1
  FROM generate_series(1, bench_seed.users) AS number;

  INSERT INTO posts (id, author_id, title, body, status, published_at, created_at, updated_at, version)
  SELECT bench_uuid('post', number, bench_post_at(number)), bench_uuid('user', author, bench_user_at(author)),
    'Notes from day ' || number, repeat(E'She said "yes", and the long day went on as days of that kind do.\n', 1 + number % 10),
    status, CASE WHEN status = 'published' THEN bench_post_at(number) + interval '1 minute' END,
    bench_post_at(number), bench_post_at(number), 1
  FROM generate_series(1, bench_seed.posts) AS number
  CROSS JOIN LATERAL (
    SELECT CASE WHEN number % 20 = 0 THEN 2 ELSE 1 + (number::bigint * 7919 % bench_seed.users)::integer END AS author,
      CASE WHEN number % 10 < 7 THEN 'published' WHEN number % 10 < 9 THEN 'draft' ELSE 'archived' END AS status
  ) AS chosen;

  FOREACH definition IN ARRAY coalesce(definitions, '{}') LOOP
    EXECUTE definition;
  END LOOP;
END
$$;
