package main

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// unions contains the types of the union members in inputs by name, because `reflect` cannot find types by name.
var unions = func() map[string]reflect.Type {
	table := map[string]reflect.Type{}
	for _, member := range []any{
		types.AsyncInvokeOutputDataConfigMemberS3OutputDataConfig{}, types.AudioSourceMemberBytes{},
		types.AudioSourceMemberS3Location{}, types.CitationGeneratedContentMemberText{},
		types.CitationLocationMemberDocumentChar{}, types.CitationLocationMemberDocumentChunk{},
		types.CitationLocationMemberDocumentPage{}, types.CitationLocationMemberSearchResultLocation{},
		types.CitationLocationMemberWeb{}, types.CitationSourceContentMemberText{},
		types.ContentBlockMemberAudio{}, types.ContentBlockMemberCachePoint{},
		types.ContentBlockMemberCitationsContent{}, types.ContentBlockMemberDocument{},
		types.ContentBlockMemberGuardContent{}, types.ContentBlockMemberImage{},
		types.ContentBlockMemberReasoningContent{}, types.ContentBlockMemberSearchResult{},
		types.ContentBlockMemberText{}, types.ContentBlockMemberToolAddition{},
		types.ContentBlockMemberToolRemoval{}, types.ContentBlockMemberToolResult{},
		types.ContentBlockMemberToolUse{}, types.ContentBlockMemberVideo{},
		types.CountTokensInputMemberConverse{}, types.CountTokensInputMemberInvokeModel{},
		types.DocumentContentBlockMemberText{}, types.DocumentSourceMemberBytes{},
		types.DocumentSourceMemberContent{}, types.DocumentSourceMemberS3Location{},
		types.DocumentSourceMemberText{}, types.GuardrailChecksContentBlockMemberText{},
		types.GuardrailContentBlockMemberImage{}, types.GuardrailContentBlockMemberText{},
		types.GuardrailConverseContentBlockMemberImage{}, types.GuardrailConverseContentBlockMemberText{},
		types.GuardrailConverseImageSourceMemberBytes{}, types.GuardrailImageSourceMemberBytes{},
		types.ImageSourceMemberBytes{}, types.ImageSourceMemberS3Location{},
		types.InvokeModelWithBidirectionalStreamInputMemberChunk{},
		types.OutputFormatStructureMemberJsonSchema{}, types.PromptVariableValuesMemberText{},
		types.ReasoningContentBlockMemberReasoningText{}, types.ReasoningContentBlockMemberRedactedContent{},
		types.SystemContentBlockMemberCachePoint{}, types.SystemContentBlockMemberGuardContent{},
		types.SystemContentBlockMemberText{}, types.ToolMemberCachePoint{}, types.ToolMemberSystemTool{},
		types.ToolMemberToolSpec{}, types.ToolChoiceMemberAny{}, types.ToolChoiceMemberAuto{},
		types.ToolChoiceMemberTool{}, types.ToolInputSchemaMemberJson{},
		types.ToolResultContentBlockMemberDocument{}, types.ToolResultContentBlockMemberImage{},
		types.ToolResultContentBlockMemberJson{}, types.ToolResultContentBlockMemberSearchResult{},
		types.ToolResultContentBlockMemberText{}, types.ToolResultContentBlockMemberVideo{},
		types.VideoSourceMemberBytes{}, types.VideoSourceMemberS3Location{},
	} {
		table[reflect.TypeOf(member).Name()] = reflect.TypeOf(member)
	}
	return table
}()
