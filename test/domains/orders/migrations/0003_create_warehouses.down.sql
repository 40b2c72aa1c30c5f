DROP TABLE shelves;
DROP TABLE warehouses;
