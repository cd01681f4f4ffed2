//! Calls the model: configuration, credentials, endpoint, signature, one call
