// Command adapter makes the calls of conformance scenarios with the AWS SDK for Go v2.
//
// Usage: adapter [--listen PORT]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"os"
	"reflect"
	"runtime/debug"
	"strings"
	"time"
)

type object = map[string]any

// unsupported is a reason why this client cannot make the call of a scenario.
type unsupported string

type scenario struct {
	Kit       int
	Scenario  string
	Operation string
	Input     object
	Settings  settings
	Cancel    struct {
		AfterMs     *time.Duration `json:"after_ms"`
		AfterEvents *int           `json:"after_events"`
	}
}

func main() {
	port := flag.String("listen", "", "port on 127.0.0.1 to listen on, instead of standard input and output")
	flag.Parse()
	if *port == "" {
		serve(os.Stdin, os.Stdout)
		return
	}
	listener := must(net.Listen("tcp", "127.0.0.1:"+*port))
	for {
		connection := must(listener.Accept())
		go serve(connection, connection)
	}
}

func serve(input io.Reader, output io.Writer) {
	lines, responses := json.NewDecoder(input), json.NewEncoder(output)
	lines.DisallowUnknownFields()
	for {
		var line scenario
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			check(responses.Encode(object{"unsupported": err.Error()}))
		} else if line.Kit != 0 {
			check(responses.Encode(object{"client": "go", "version": version(), "unreported": []string{}}))
		} else {
			check(responses.Encode(call(line)))
		}
	}
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if strings.HasSuffix(module.Path, "/service/bedrockruntime") {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}

// call makes the call of a scenario, and returns the response of the adapter.
func call(line scenario) (response object) {
	defer func() {
		problem := recover()
		if reason, ok := problem.(unsupported); ok {
			response = object{"unsupported": string(reason)}
		} else if problem != nil {
			panic(problem)
		}
	}()
	cancellable, cancel := context.WithCancel(context.Background())
	defer cancel()
	ctx := cancellable
	if limit := line.Settings.Timeouts.Operation; limit != nil {
		var release context.CancelFunc
		ctx, release = context.WithTimeout(ctx, *limit*time.Millisecond)
		defer release()
	}
	client, err := newClient(ctx, line.Settings)
	if err != nil {
		return object{"error": describe(err, false)}
	}
	method := reflect.ValueOf(client).MethodByName(line.Operation)
	inputEvents, bidirectional := line.Input["body"].([]any)
	if bidirectional {
		delete(line.Input, "body")
	}
	input := decode(line.Input, method.Type().In(1))
	if after := line.Cancel.AfterMs; after != nil {
		time.AfterFunc(*after*time.Millisecond, cancel)
	}
	results := method.Call([]reflect.Value{reflect.ValueOf(ctx), input})
	response = object{}
	err, _ = results[1].Interface().(error)
	if err == nil {
		response["output"] = encode(results[0])
		if open := results[0].MethodByName("GetStream"); open.IsValid() {
			stream := open.Call(nil)[0]
			if bidirectional {
				go send(ctx, stream, inputEvents)
			}
			response["events"], err = receive(stream, line.Cancel.AfterEvents, cancel)
		}
	}
	if cancellable.Err() != nil {
		return object{"cancelled": true}
	} else if err != nil {
		response["error"] = describe(err, response["events"] != nil)
	}
	return response
}
