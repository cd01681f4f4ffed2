package main

import (
	"context"
	"errors"
	"strings"
	"syscall"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// describe returns an error in the format of the adapter protocol.
func describe(err error, inStream bool) object {
	var (
		service  smithy.APIError
		response *awshttp.ResponseError
		timeout  interface{ Timeout() bool }
		send     *smithyhttp.RequestSendError
		encoding *smithy.SerializationError
		invalid  smithy.InvalidParamsError
		decoding *smithy.DeserializationError
	)
	found := object{"message": err.Error()}
	if strings.Contains(err.Error(), "get identity") { // The cause can be an error of another service.
		found["class"] = "credentials"
		return found
	}
	if errors.As(err, &response) && response.HTTPStatusCode() != 0 {
		found["status"] = response.HTTPStatusCode()
		if response.RequestID != "" {
			found["request_id"] = response.RequestID
		}
	}
	switch {
	case errors.As(err, &service):
		found["class"], found["code"], found["message"] = "service", service.ErrorCode(), service.ErrorMessage()
		if inStream {
			found["class"] = "stream"
		}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		found["class"] = "timeout"
	case errors.As(err, &send), errors.Is(err, syscall.ECONNRESET):
		found["class"] = "connection"
	case inStream:
		found["class"] = "stream"
	case errors.As(err, &decoding):
		found["class"] = "response"
	case errors.As(err, &encoding), errors.As(err, &invalid):
		found["class"] = "input"
	default:
		found["class"] = "other"
	}
	return found
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
