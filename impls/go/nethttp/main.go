// Command nethttp is the variant go/nethttp: package net/http and its ServeMux.
package main

import (
	"bench/nethttp/requestserver"
	"bench/protocol"
)

func main() {
	protocol.Variant{
		Name:      "nethttp",
		Libraries: map[string]string{"go-json-experiment/json": requestserver.JSON, "client_golang": "v1.25.0"},
		Servers:   map[string]func() protocol.Server{"request-server": requestserver.New},
	}.Main()
}
