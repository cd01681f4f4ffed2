//! AWS Signature Version 4 and bearer tokens as pure functions: sign and verify
