// Calls a Go script with the arguments of its job and writes what it returns.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"mymod/inner"
)

func fail(err error) {
	fmt.Println(err)
	os.Exit(1)
}

func main() {
	data, err := os.ReadFile("args.json")
	if err != nil {
		fail(err)
	}
	var request inner.Req
	if err := json.Unmarshal(data, &request); err != nil {
		fail(err)
	}
	result, err := inner.Run(request)
	if err != nil {
		fail(err)
	}
	text, err := json.Marshal(result)
	if err != nil {
		fail(err)
	}
	if err := os.WriteFile("result.json", text, 0o600); err != nil {
		fail(err)
	}
}
