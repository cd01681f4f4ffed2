// Command peers calls operations with the AWS SDK for Go, and checks the responses.
//
// Usage: peers OPERATION..
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

const (
	model  = "anthropic.claude-haiku-4-5-20251001-v1:0"
	prompt = "Describe a lighthouse at dawn, in words that a keeper would use: fog, lamp, tide, gull, horn."
	text   = "You said: " + prompt
	tool   = "weather"
	// The program sets the content type, because the service rejects the default content type of the SDK.
	contentType = "application/json"

	address    = "keeper@example.com"
	letter     = "Write to " + address + " before dusk."
	videoModel = "amazon.nova-reel-v1:1"
	sonicModel = "amazon.nova-sonic-v1:0"
	bucket     = "s3://lighthouse/videos"
)

var (
	ctx      = context.Background()
	messages = []types.Message{{
		Role:    types.ConversationRoleUser,
		Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: prompt}},
	}}
	schema = map[string]any{
		"type": "object",
		"properties": map[string]any{
			"city": map[string]any{"enum": []string{"Oslo", "Lima"}},
			"days": map[string]any{"type": "integer", "minimum": 3},
		},
		"required": []string{"city", "days"},
	}
	tools = &types.ToolConfiguration{
		Tools: []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{
			Name:        aws.String(tool),
			InputSchema: &types.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(schema)},
		}}},
		ToolChoice: &types.ToolChoiceMemberTool{Value: types.SpecificToolChoice{Name: aws.String(tool)}},
	}
	arguments = map[string]any{"city": "Oslo", "days": float64(3)}
	body      = encode(map[string]any{
		"anthropic_version": "bedrock-2023-05-31",
		"max_tokens":        256,
		"messages":          []any{map[string]any{"role": "user", "content": prompt}},
	})
)

var checks = map[string]func(*bedrockruntime.Client){
	"InvokeModel":                        invokeModel,
	"InvokeModelWithResponseStream":      invokeModelWithResponseStream,
	"Converse":                           converse,
	"ConverseStream":                     converseStream,
	"CountTokens":                        countTokens,
	"ApplyGuardrail":                     applyGuardrail,
	"InvokeGuardrailChecks":              invokeGuardrailChecks,
	"StartAsyncInvoke":                   startAsyncInvoke,
	"ListAsyncInvokes":                   func(client *bedrockruntime.Client) { listAsyncInvokes(client) },
	"GetAsyncInvoke":                     getAsyncInvoke,
	"InvokeModelWithBidirectionalStream": invokeModelWithBidirectionalStream,
}

func main() {
	settings := must(config.LoadDefaultConfig(ctx))
	client := bedrockruntime.NewFromConfig(settings)
	for _, operation := range os.Args[1:] {
		check, ok := checks[operation]
		if !ok {
			log.Fatalf("no check of %s", operation)
		}
		check(client)
	}
	fmt.Printf("Go, operations: %d operations\n", len(os.Args)-1)
}

func invokeModel(client *bedrockruntime.Client) {
	input := &bedrockruntime.InvokeModelInput{
		ModelId:     aws.String(model),
		ContentType: aws.String(contentType),
		Body:        body,
	}
	response := must(client.InvokeModel(ctx, input))
	var message struct{ Content []struct{ Text string } }
	ok(json.Unmarshal(response.Body, &message))
	equal("InvokeModel, text", message.Content[0].Text, text)
}

func invokeModelWithResponseStream(client *bedrockruntime.Client) {
	input := &bedrockruntime.InvokeModelWithResponseStreamInput{
		ModelId:     aws.String(model),
		ContentType: aws.String(contentType),
		Body:        body,
	}
	stream := must(client.InvokeModelWithResponseStream(ctx, input)).GetStream()
	defer stream.Close()
	var pieces []string
	for event := range stream.Events() {
		var part struct{ Delta struct{ Text string } }
		ok(json.Unmarshal(event.(*types.ResponseStreamMemberChunk).Value.Bytes, &part))
		pieces = append(pieces, part.Delta.Text)
	}
	ok(stream.Err())
	equal("InvokeModelWithResponseStream, text", strings.Join(pieces, ""), text)
}

func converse(client *bedrockruntime.Client) {
	input := &bedrockruntime.ConverseInput{ModelId: aws.String(model), Messages: messages}
	response := must(client.Converse(ctx, input))
	equal("Converse, text", content(response).(*types.ContentBlockMemberText).Value, text)
	equal("Converse, stop reason", response.StopReason, types.StopReasonEndTurn)
	checkUsage("Converse", response.Usage)

	input.ToolConfig = tools
	response = must(client.Converse(ctx, input))
	use := content(response).(*types.ContentBlockMemberToolUse).Value
	var found map[string]any
	ok(json.Unmarshal(must(use.Input.MarshalSmithyDocument()), &found))
	equal("Converse, tool", *use.Name, tool)
	equal("Converse, arguments", found, arguments)
	equal("Converse, stop reason of a tool call", response.StopReason, types.StopReasonToolUse)
}

// content returns the only content block of a response.
func content(response *bedrockruntime.ConverseOutput) types.ContentBlock {
	blocks := response.Output.(*types.ConverseOutputMemberMessage).Value.Content
	equal("Converse, number of content blocks", len(blocks), 1)
	return blocks[0]
}

func converseStream(client *bedrockruntime.Client) {
	input := &bedrockruntime.ConverseStreamInput{ModelId: aws.String(model), Messages: messages}
	found, _, usage := read(must(client.ConverseStream(ctx, input)))
	equal("ConverseStream, text", found, text)
	checkUsage("ConverseStream", usage)

	input.ToolConfig = tools
	found, name, _ := read(must(client.ConverseStream(ctx, input)))
	var object map[string]any
	ok(json.Unmarshal([]byte(found), &object))
	equal("ConverseStream, tool", name, tool)
	equal("ConverseStream, arguments", object, arguments)
}

// read returns the complete text or the complete tool arguments, the name of the called tool and the usage.
func read(response *bedrockruntime.ConverseStreamOutput) (joined, name string, usage *types.TokenUsage) {
	stream := response.GetStream()
	defer stream.Close()
	for event := range stream.Events() {
		switch event := event.(type) {
		case *types.ConverseStreamOutputMemberContentBlockStart:
			name = *event.Value.Start.(*types.ContentBlockStartMemberToolUse).Value.Name
		case *types.ConverseStreamOutputMemberContentBlockDelta:
			switch delta := event.Value.Delta.(type) {
			case *types.ContentBlockDeltaMemberText:
				joined += delta.Value
			case *types.ContentBlockDeltaMemberToolUse:
				joined += *delta.Value.Input
			}
		case *types.ConverseStreamOutputMemberMetadata:
			usage = event.Value.Usage
		}
	}
	ok(stream.Err())
	return joined, name, usage
}

func checkUsage(name string, usage *types.TokenUsage) {
	equal(name+", has input and output tokens", *usage.InputTokens > 0 && *usage.OutputTokens > 0, true)
	equal(name+", total tokens", *usage.TotalTokens, *usage.InputTokens+*usage.OutputTokens)
}

func countTokens(client *bedrockruntime.Client) {
	request := types.ConverseTokensRequest{Messages: messages}
	count := must(client.CountTokens(ctx, &bedrockruntime.CountTokensInput{
		ModelId: aws.String(model),
		Input:   &types.CountTokensInputMemberConverse{Value: request},
	}))
	input := &bedrockruntime.ConverseInput{ModelId: aws.String(model), Messages: messages}
	response := must(client.Converse(ctx, input))
	equal("CountTokens, tokens of the call", *count.InputTokens, *response.Usage.InputTokens)
}

// applyGuardrail uses the guardrail of guardrails.json, which denies a word of the prompt.
func applyGuardrail(client *bedrockruntime.Client) {
	response := must(client.ApplyGuardrail(ctx, &bedrockruntime.ApplyGuardrailInput{
		GuardrailIdentifier: aws.String("lighthouse"),
		GuardrailVersion:    aws.String("1"),
		Source:              types.GuardrailContentSourceInput,
		Content: []types.GuardrailContentBlock{
			&types.GuardrailContentBlockMemberText{Value: types.GuardrailTextBlock{Text: aws.String(prompt)}},
		},
	}))
	equal("ApplyGuardrail, action", response.Action, types.GuardrailActionGuardrailIntervened)
	equal("ApplyGuardrail, output", *response.Outputs[0].Text, "The keeper does not talk about birds.")
	equal("ApplyGuardrail, word", *response.Assessments[0].WordPolicy.CustomWords[0].Match, "gull")
}

func invokeGuardrailChecks(client *bedrockruntime.Client) {
	email := types.GuardrailChecksSensitiveInformationEntityTypeEmail
	response := must(client.InvokeGuardrailChecks(ctx, &bedrockruntime.InvokeGuardrailChecksInput{
		Messages: []types.GuardrailChecksMessage{{
			Role:    types.GuardrailChecksRoleUser,
			Content: []types.GuardrailChecksContentBlock{&types.GuardrailChecksContentBlockMemberText{Value: letter}},
		}},
		Checks: &types.GuardrailChecksConfig{
			SensitiveInformation: &types.GuardrailChecksSensitiveInformationConfig{
				Entities: []types.GuardrailChecksSensitiveInformationEntityConfig{{Type: email}},
			},
		},
	}))
	entity := response.Results.SensitiveInformation.Results[0]
	equal("InvokeGuardrailChecks, type", entity.Type, email)
	equal("InvokeGuardrailChecks, text", letter[*entity.BeginOffset:*entity.EndOffset], address)
}

func startAsyncInvoke(client *bedrockruntime.Client) {
	input := map[string]any{"taskType": "TEXT_VIDEO", "textToVideoParams": map[string]any{"text": prompt}}
	request := &bedrockruntime.StartAsyncInvokeInput{
		ModelId:            aws.String(videoModel),
		ModelInput:         document.NewLazyDocument(input),
		ClientRequestToken: aws.String("dawn"),
		OutputDataConfig: &types.AsyncInvokeOutputDataConfigMemberS3OutputDataConfig{
			Value: types.AsyncInvokeS3OutputDataConfig{S3Uri: aws.String(bucket)},
		},
	}
	first := must(client.StartAsyncInvoke(ctx, request))
	second := must(client.StartAsyncInvoke(ctx, request))
	equal("StartAsyncInvoke, repeated token", *first.InvocationArn, *second.InvocationArn)
}

// listAsyncInvokes returns the ARN of the only job.
func listAsyncInvokes(client *bedrockruntime.Client) string {
	input := &bedrockruntime.ListAsyncInvokesInput{MaxResults: aws.Int32(1)}
	pages := bedrockruntime.NewListAsyncInvokesPaginator(client, input)
	var jobs []types.AsyncInvokeSummary
	for pages.HasMorePages() {
		jobs = append(jobs, must(pages.NextPage(ctx)).AsyncInvokeSummaries...)
	}
	equal("ListAsyncInvokes, number of jobs", len(jobs), 1)
	config := jobs[0].OutputDataConfig.(*types.AsyncInvokeOutputDataConfigMemberS3OutputDataConfig).Value
	equal("ListAsyncInvokes, bucket", *config.S3Uri, bucket)
	return *jobs[0].InvocationArn
}

func getAsyncInvoke(client *bedrockruntime.Client) {
	arn := listAsyncInvokes(client)
	job := must(client.GetAsyncInvoke(ctx, &bedrockruntime.GetAsyncInvokeInput{InvocationArn: aws.String(arn)}))
	equal("GetAsyncInvoke, model", strings.HasSuffix(*job.ModelArn, "/"+videoModel), true)
	equal("GetAsyncInvoke, failed", job.Status == types.AsyncInvokeStatusFailed, false)
}

// Each turn begins when the response to the previous turn is complete. The request and the response of the call are
// therefore open at the same time.
func invokeModelWithBidirectionalStream(client *bedrockruntime.Client) {
	input := &bedrockruntime.InvokeModelWithBidirectionalStreamInput{ModelId: aws.String(sonicModel)}
	stream := must(client.InvokeModelWithBidirectionalStream(ctx, input)).GetStream()
	defer stream.Close()
	send := func(name string, members map[string]any) {
		bytes := encode(map[string]any{"event": map[string]any{name: members}})
		part := types.BidirectionalInputPayloadPart{Bytes: bytes}
		ok(stream.Send(ctx, &types.InvokeModelWithBidirectionalStreamInputMemberChunk{Value: part}))
	}
	turn := func(name, kind, event, content string) {
		members := func(more ...string) map[string]any {
			all := map[string]any{"promptName": "dawn", "contentName": name}
			for index := 0; index < len(more); index += 2 {
				all[more[index]] = more[index+1]
			}
			return all
		}
		send("contentStart", members("type", kind, "role", "USER"))
		send(event, members("content", content))
		send("contentEnd", members())
	}
	send("sessionStart", map[string]any{})
	send("promptStart", map[string]any{"promptName": "dawn"})
	turn("spoken", "TEXT", "textInput", prompt)
	var names, contents []string
	for event := range stream.Events() {
		var message struct {
			Event map[string]struct{ Content string }
		}
		chunk := event.(*types.InvokeModelWithBidirectionalStreamOutputMemberChunk)
		ok(json.Unmarshal(chunk.Value.Bytes, &message))
		for name, members := range message.Event {
			names = append(names, name)
			if members.Content != "" {
				contents = append(contents, members.Content)
			}
			if name == "completionEnd" && len(contents) == 1 {
				turn("heard", "AUDIO", "audioInput", "QUJDREVG")
			} else if name == "completionEnd" {
				send("promptEnd", map[string]any{"promptName": "dawn"})
				send("sessionEnd", map[string]any{})
			}
		}
	}
	ok(stream.Err())
	equal("InvokeModelWithBidirectionalStream, events", names, []string{
		"completionStart", "contentStart", "textOutput", "contentEnd", "usageEvent", "completionEnd",
		"completionStart", "contentStart", "audioOutput", "contentEnd",
		"contentStart", "textOutput", "contentEnd", "usageEvent", "completionEnd",
	})
	equal("InvokeModelWithBidirectionalStream, contents", contents,
		[]string{text, "QUJDREVG", "You sent 6 bytes of audio."})
}

func encode(value any) []byte {
	return must(json.Marshal(value))
}

func equal(name string, found, expected any) {
	if !reflect.DeepEqual(found, expected) {
		log.Fatalf("%s: found %v, expected %v", name, found, expected)
	}
}

func must[T any](value T, err error) T {
	ok(err)
	return value
}

func ok(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
