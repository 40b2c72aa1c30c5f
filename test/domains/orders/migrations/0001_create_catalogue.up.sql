CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE customers (
  id uuid PRIMARY KEY,
  name text NOT NULL CONSTRAINT customers_name_check CHECK (char_length(name) BETWEEN 1 AND 120),
  email text NOT NULL,
  address jsonb NOT NULL,
  website text,
  born_on date,
  is_business boolean NOT NULL,
  tags text[] NOT NULL,
  credit_limit numeric(14,2) NOT NULL CONSTRAINT customers_credit_limit_check CHECK (credit_limit >= 0),
  passphrase text,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  deleted_at timestamptz(3)
);
CREATE UNIQUE INDEX customers_email_key ON customers (email) WHERE deleted_at IS NULL;
CREATE INDEX customers_name_idx ON customers (name, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_born_on_idx ON customers (born_on, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_credit_limit_idx ON customers (credit_limit DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX customers_name_trgm_idx ON customers USING gin (name gin_trgm_ops) WHERE deleted_at IS NULL;

CREATE TABLE products (
  id uuid PRIMARY KEY,
  sku text NOT NULL,
  name text NOT NULL CONSTRAINT products_name_check CHECK (char_length(name) BETWEEN 1 AND 100),
  price numeric(12,2) NOT NULL CONSTRAINT products_price_check CHECK (price >= 0),
  cost numeric(12,4),
  stock bigint NOT NULL CONSTRAINT products_stock_check CHECK (stock >= 0),
  is_available boolean NOT NULL,
  launched_on date,
  manual text,
  tags text[] NOT NULL,
  sizes numeric(6,1)[] NOT NULL,
  attributes jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  deleted_at timestamptz(3)
);
CREATE UNIQUE INDEX products_sku_key ON products (sku) WHERE deleted_at IS NULL;
CREATE INDEX products_name_idx ON products (name, id) WHERE deleted_at IS NULL;
CREATE INDEX products_price_idx ON products (price DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX products_launched_on_idx ON products (launched_on, id) WHERE deleted_at IS NULL;
CREATE INDEX products_stock_idx ON products (stock, id) WHERE deleted_at IS NULL;
CREATE INDEX products_name_trgm_idx ON products USING gin (name gin_trgm_ops) WHERE deleted_at IS NULL;
