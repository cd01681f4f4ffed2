//! The inputs, outputs, errors and endpoints of Amazon Bedrock Runtime, generated from its Smithy model
