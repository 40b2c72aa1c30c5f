-- The extension goes too: what one migration brought, its down takes away. Nothing else may lean on it by then.
DROP TABLE posts;
DROP EXTENSION IF EXISTS pg_trgm;
