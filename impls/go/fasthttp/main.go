// Command fasthttp is the variant go/fasthttp: fasthttp and fastjson, which reuse what they allocate.
package main

import (
	"bench/fasthttp/requestserver"
	"bench/protocol"
)

func main() {
	protocol.Variant{
		Name:      "fasthttp",
		Libraries: map[string]string{"fasthttp": "v1.78.0", "fastjson": "v1.6.10", "client_golang": "v1.25.0"},
		Servers:   map[string]func() protocol.Server{"request-server": requestserver.New},
	}.Main()
}
