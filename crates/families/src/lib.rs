//! Rules about the bodies of `InvokeModel` and `InvokeModelWithResponseStream` that differ by model family.
//!
//! All functions are pure: they do no input or output, and they use no clock.
//!
//! | to | use |
//! |---|---|
//! | find the family of a model | [`ModelFamily::from_model_id`], [`base_model_id`] |
//! | find the output limit in a request body | [`max_output_tokens`] |
//! | send several inputs of an embedding model in one request | [`EmbeddingBatch`] |
//! | estimate the input tokens of a request body | [`estimate_input_tokens`], [`TokenEstimate`] |
//! | read text, stop reason and token counts of a response | [`ModelResponse`] |
//! | read text, stop reason and token counts of a part of a streamed response | [`StreamPart`], [`Usage`] |
//! | find the burndown rate: the number of tokens that one output token uses from the token quota | [`output_token_weight`] |
//!
//! [`ModelResponse`] and [`StreamPart`] recognize a schema by its members. They need no model id, so they
//! also work for application inference profiles and custom models, and for new models with a known schema.
//!
//! ```
//! use invoke_model_families::{ModelFamily, ModelResponse, StreamPart, Usage};
//!
//! let family = ModelFamily::from_model_id("us.anthropic.claude-3-haiku-20240307-v1:0");
//! assert_eq!(family, Some(ModelFamily::Anthropic));
//!
//! let body = br#"{"content":[{"type":"text","text":"Hi!"}],"stop_reason":"end_turn","usage":{"input_tokens":8,"output_tokens":5}}"#;
//! let response = ModelResponse::parse(body)?;
//! assert_eq!(response.text(), "Hi!");
//! assert_eq!(response.stop_reason(), Some("end_turn"));
//! assert_eq!(response.usage().and_then(|usage| usage.output_tokens), Some(5));
//!
//! let mut usage = Usage::default();
//! let part = StreamPart::parse(br#"{"contentBlockDelta":{"delta":{"text":"Hi"},"contentBlockIndex":0}}"#)?;
//! print!("{}", part.text());
//! usage.update(part.usage().unwrap_or_default());
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Requests
//!
//! | family | output limit | schema |
//! |---|---|---|
//! | Claude | `max_tokens`, `max_tokens_to_sample` (text completions) | [Messages], [text completions] |
//! | Nova | `inferenceConfig.maxTokens`, `inferenceConfig.max_new_tokens` | [Nova] |
//! | Titan Text | `textGenerationConfig.maxTokenCount` | [Titan Text] |
//! | Llama | `max_gen_len` | [Llama] |
//! | Mistral AI | `max_tokens` | [text completion][Mistral text], [chat completion][Mistral chat] |
//! | Cohere Command | `max_tokens` | [Command R], [Command] |
//! | AI21 Jamba | `max_tokens` | [Jamba] |
//! | AI21 Jurassic-2 | `maxTokens` | [Jurassic-2] |
//! | DeepSeek | `max_tokens` | [DeepSeek] |
//! | OpenAI gpt-oss, Qwen, Writer | `max_completion_tokens`, `max_tokens` | [OpenAI], [Writer] |
//!
//! # Responses
//!
//! The paths show where the response to `InvokeModel` has a value. `[]` stands for all items of a list.
//! "Chat completion" is the schema of Mistral AI chat models, AI21 Jamba, DeepSeek V3, OpenAI gpt-oss, Qwen
//! and Writer.
//!
//! | schema | text | stop reason | input tokens, output tokens |
//! |---|---|---|---|
//! | Claude Messages | `content[].text` | `stop_reason` | `usage.input_tokens`, `usage.output_tokens` |
//! | Claude text completions | `completion` | `stop_reason` | |
//! | Nova | `output.message.content[].text` | `stopReason` | `usage.inputTokens`, `usage.outputTokens` |
//! | Titan Text | `results[0].outputText` | `results[0].completionReason` | `inputTextTokenCount`, `results[0].tokenCount` |
//! | Titan Embeddings | | | `inputTextTokenCount` |
//! | Llama | `generation` | `stop_reason` | `prompt_token_count`, `generation_token_count` |
//! | Mistral AI text completion | `outputs[0].text` | `outputs[0].stop_reason` | |
//! | chat completion | `choices[0].message.content` | `choices[0].finish_reason`, `choices[0].stop_reason` | `usage.prompt_tokens`, `usage.completion_tokens` |
//! | DeepSeek-R1 | `choices[0].text` | `choices[0].stop_reason` | |
//! | Cohere Command R | `text` | `finish_reason` | |
//! | Cohere Command | `generations[0].text` | `generations[0].finish_reason` | |
//! | OpenAI Responses | `output[].content[].text` of each `message` | | `usage.input_tokens`, `usage.output_tokens` |
//! | AI21 Jurassic-2 | `completions[0].data.text` | `completions[0].finishReason.reason` | lengths of `prompt.tokens`, `completions[0].data.tokens` |
//!
//! | schema | reasoning | cache reads, cache writes |
//! |---|---|---|
//! | Claude Messages | `content[].thinking` | `usage.cache_read_input_tokens`, `usage.cache_creation_input_tokens` |
//! | Nova | `output.message.content[].reasoningContent.reasoningText.text` | `usage.cacheReadInputTokenCount`, `usage.cacheWriteInputTokenCount` |
//! | chat completion | `choices[0].message.reasoning_content`, `choices[0].message.reasoning` | |
//!
//! Some models put their reasoning in the text, between tags such as `<reasoning>` and `</reasoning>`. The
//! functions return such text unchanged.
//!
//! # Parts of streamed responses
//!
//! | schema | text | stop reason | token counts |
//! |---|---|---|---|
//! | Claude Messages | `delta.text` | `delta.stop_reason` | `message.usage`, `usage` |
//! | Claude text completions | `completion` | `stop_reason` | |
//! | Nova | `contentBlockDelta.delta.text` | `messageStop.stopReason` | `metadata.usage` |
//! | Titan Text | `outputText` | `completionReason` | `inputTextTokenCount`, `totalOutputTextTokenCount` |
//! | Llama | `generation` | `stop_reason` | `prompt_token_count`, `generation_token_count` |
//! | Mistral AI text completion | `outputs[0].text` | `outputs[0].stop_reason` | |
//! | chat completion | `choices[0].delta.content`, `choices[0].message.content` | `choices[0].finish_reason`, `choices[0].stop_reason` | `usage` |
//! | DeepSeek-R1 | `choices[0].text` | `choices[0].stop_reason` | |
//! | Cohere Command R, Command | `text` | `finish_reason` | |
//! | Nova Sonic | | | `event.usageEvent` |
//! | OpenAI Responses | `delta` of `response.output_text.delta` | | `response.usage` |
//!
//! | schema | reasoning |
//! |---|---|
//! | Claude Messages | `delta.thinking` |
//! | Nova | `contentBlockDelta.delta.reasoningContent.reasoningText.text`, `contentBlockDelta.delta.reasoningContent.text` |
//! | chat completion | `choices[0].delta.reasoning_content`, `choices[0].delta.reasoning` |
//!
//! For every family, the service adds the member `amazon-bedrock-invocationMetrics` to the last part. This
//! member contains the token counts of the complete call.
//!
//! [Messages]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
//! [text completions]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-text-completion.html
//! [Nova]: https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
//! [Titan Text]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html
//! [Llama]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html
//! [Mistral text]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html
//! [Mistral chat]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-chat-completion.html
//! [Command R]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command-r-plus.html
//! [Command]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command.html
//! [Jamba]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jamba.html
//! [Jurassic-2]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jurassic2.html
//! [DeepSeek]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-deepseek.html
//! [OpenAI]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html
//! [Writer]: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-writer-palmyra.html

mod embedding_batch;
mod input_tokens;
mod lossy;
mod max_output;
mod model_family;
mod model_id;
mod model_response;
mod path;
mod stream_part;
mod token_estimate;
mod usage;

pub use embedding_batch::EmbeddingBatch;
pub use input_tokens::estimate_input_tokens;
pub use max_output::max_output_tokens;
pub use model_family::{ModelFamily, output_token_weight};
pub use model_id::base_model_id;
pub use model_response::ModelResponse;
pub use stream_part::{INVOCATION_METRICS, StreamPart};
pub use token_estimate::TokenEstimate;
pub use usage::Usage;
