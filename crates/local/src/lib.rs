//! A local Bedrock Runtime endpoint: verifies signatures, answers, refuses.

pub mod families;
