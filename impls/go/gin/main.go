// Command gin is the variant go/gin: the Gin framework on package net/http.
package main

import (
	"github.com/gin-gonic/gin"

	"bench/gin/requestserver"
	"bench/protocol"
)

func main() {
	protocol.Variant{
		Name:      "gin",
		Libraries: map[string]string{"gin": gin.Version, "client_golang": "v1.25.0"},
		Servers:   map[string]func() protocol.Server{"request-server": requestserver.New},
	}.Main()
}
