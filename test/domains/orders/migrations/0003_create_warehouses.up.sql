CREATE TABLE warehouses (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  country text NOT NULL CONSTRAINT warehouses_country_check CHECK (country IN ('DE', 'GB', 'US')),
  capacity bigint NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  deleted_at timestamptz(3)
);
CREATE UNIQUE INDEX warehouses_name_key ON warehouses (name) WHERE deleted_at IS NULL;

CREATE TABLE shelves (
  id uuid PRIMARY KEY,
  warehouse_id uuid NOT NULL CONSTRAINT shelves_warehouse_id_fkey REFERENCES warehouses (id),
  code text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  deleted_at timestamptz(3)
);
CREATE INDEX shelves_warehouse_id_code_idx ON shelves (warehouse_id, code, id) WHERE deleted_at IS NULL;
CREATE INDEX shelves_code_idx ON shelves (code, id) WHERE deleted_at IS NULL;
