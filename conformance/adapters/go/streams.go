package main

import (
	"context"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// send writes the events of the input, and closes the input stream.
func send(ctx context.Context, stream reflect.Value, events []any) {
	field := stream.Elem().FieldByName("Writer")
	writer := field.Interface().(bedrockruntime.InvokeModelWithBidirectionalStreamInputWriter)
	for _, event := range events {
		input := decode(event, reflect.TypeFor[types.InvokeModelWithBidirectionalStreamInput]())
		if writer.Send(ctx, input.Interface().(types.InvokeModelWithBidirectionalStreamInput)) != nil {
			return // The output stream reports the error.
		}
	}
	writer.Close()
}

// receive reads the events of the output until the end, an error, or the event that cancels the call.
func receive(stream reflect.Value, limit *int, cancel func()) (events []any, err error) {
	defer stream.MethodByName("Close").Call(nil)
	events = []any{}
	channel := stream.MethodByName("Events").Call(nil)[0]
	for {
		event, open := channel.Recv()
		if !open {
			err, _ = stream.MethodByName("Err").Call(nil)[0].Interface().(error)
			return events, err
		}
		if _, unknown := event.Interface().(*types.UnknownUnionMember); !unknown {
			events = append(events, encode(event))
		}
		if limit != nil && len(events) == *limit {
			cancel()
		}
	}
}
