/** The gRPC surface: the protobuf description of a domain, and its services. */
export {}
