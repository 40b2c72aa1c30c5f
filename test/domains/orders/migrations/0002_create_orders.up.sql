CREATE TABLE orders (
  id uuid PRIMARY KEY,
  customer_id uuid NOT NULL CONSTRAINT orders_customer_id_fkey REFERENCES customers (id),
  status text NOT NULL CONSTRAINT orders_status_check CHECK (status IN ('open', 'submitted', 'shipped')),
  shipping_address jsonb NOT NULL,
  total numeric(20,2),
  due_on date,
  shipped_at timestamptz(3),
  carrier text,
  tracking_url text,
  tags text[] NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  deleted_at timestamptz(3),
  CONSTRAINT orders_total_check CHECK (status = 'open' OR total IS NOT NULL)
);
CREATE INDEX orders_customer_id_created_at_idx ON orders (customer_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX orders_created_at_idx ON orders (created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX orders_due_on_idx ON orders (due_on, id) WHERE deleted_at IS NULL;
CREATE INDEX orders_shipped_at_idx ON orders (shipped_at, id) WHERE deleted_at IS NULL;
CREATE INDEX orders_total_idx ON orders (total DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE order_lines (
  id uuid PRIMARY KEY,
  order_id uuid NOT NULL CONSTRAINT order_lines_order_id_fkey REFERENCES orders (id),
  product_id uuid NOT NULL CONSTRAINT order_lines_product_id_fkey REFERENCES products (id),
  quantity integer NOT NULL CONSTRAINT order_lines_quantity_check CHECK (quantity > 0),
  unit_price numeric(12,2) NOT NULL,
  note text,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  version integer NOT NULL,
  deleted_at timestamptz(3)
);
CREATE INDEX order_lines_order_id_created_at_idx ON order_lines (order_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX order_lines_product_id_idx ON order_lines (product_id) WHERE deleted_at IS NULL;
CREATE INDEX order_lines_created_at_idx ON order_lines (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX order_lines_quantity_idx ON order_lines (quantity, id) WHERE deleted_at IS NULL;
CREATE INDEX order_lines_unit_price_idx ON order_lines (unit_price DESC, id DESC) WHERE deleted_at IS NULL;
