//! One trait that sends an HTTP request, and its adapters
