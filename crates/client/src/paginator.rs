//! Reads the pages of a list.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use invoke_model_protocol::PaginatedOperation;
use thiserror::Error as ThisError;
use tracing::Span;

use crate::call::{Call, OperationDescription};
use crate::call_context::CallContext;
use crate::client::Client;
use crate::error::{Error, ErrorKind};

/// The reason why the pages of a list cannot be read further.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum PaginationError {
    /// The service returned a page token for the second time, so the pages would never end.
    #[error("the service returned the page token `{token}` again: the list has no end")]
    RepeatedToken {
        /// The token.
        token: String,
    },
}

/// A reader of the pages of a list. [`Call::into_paginator`] creates it.
///
/// ```no_run
/// # async fn run(client: invoke_model_client::Client) -> Result<(), invoke_model_client::Error> {
/// let mut pages = client.list_async_invokes().max_results(100).into_paginator();
/// while let Some(page) = pages.try_next().await? {
///     println!("{} invocations", page.async_invoke_summaries.unwrap_or_default().len());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Paginator<O: PaginatedOperation> {
    client: Client,
    /// The call of the next page, or `None` after the last page.
    next: Option<Call<O>>,
    /// The page tokens that the service has returned so far.
    tokens: BTreeSet<String>,
    /// A token that the service returned for the second time.
    repeated: Option<String>,
}

impl<O: PaginatedOperation> Call<O>
where
    O::Input: Clone,
{
    /// Converts the call into a paginator. Each page is one call with the settings of this call.
    pub fn into_paginator(self) -> Paginator<O> {
        Paginator { client: self.client().clone(), next: Some(self), tokens: BTreeSet::new(), repeated: None }
    }
}

impl<O: PaginatedOperation> Paginator<O>
where
    O::Input: Clone,
    O::Delivery: crate::call::Delivery<O, Output = O::Output>,
{
    /// Reads the next page. Returns `None` after the last page.
    ///
    /// If the request for a page fails, the next call of this function requests the same page again.
    ///
    /// # Errors
    /// Returns the errors of [`Call::send`], and a [`PaginationError`] if the service returns a page token
    /// for the second time.
    pub async fn try_next(&mut self) -> Result<Option<O::Output>, Error<O::Error>> {
        if let Some(token) = self.repeated.take() {
            let context =
                CallContext::new(self.client.clone(), OperationDescription::of::<O>(), Span::none(), None);
            let kind = ErrorKind::Pagination(PaginationError::RepeatedToken { token });
            return Err(context.into_error(kind));
        }
        let Some(call) = &self.next else { return Ok(None) };
        let output = call.clone().send().await?;
        match O::next_token(&output).filter(|token| !token.is_empty()).map(str::to_owned) {
            None => self.next = None,
            // The page is valid, so the caller gets the page first and then the error.
            Some(token) if self.tokens.contains(&token) => {
                (self.next, self.repeated) = (None, Some(token));
            }
            Some(token) => {
                self.tokens.insert(token.clone());
                if let Some(call) = &mut self.next {
                    O::set_token(call.input_mut(), token);
                }
            }
        }
        Ok(Some(output))
    }

    /// Converts the paginator into a reader of the items in all remaining pages.
    pub fn items(self) -> PaginatorItems<O> {
        PaginatorItems { pages: self, items: VecDeque::new() }
    }
}

impl<O: PaginatedOperation> fmt::Debug for Paginator<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paginator")
            .field("operation", &O::NAME)
            .field("pages", &self.tokens.len())
            .finish_non_exhaustive()
    }
}

/// A reader of the items of a list, page by page. [`Paginator::items`] creates it.
///
/// ```no_run
/// # async fn run(client: invoke_model_client::Client) -> Result<(), invoke_model_client::Error> {
/// let mut invocations = client.list_async_invokes().into_paginator().items();
/// while let Some(invocation) = invocations.try_next().await? {
///     println!("{}", invocation.invocation_arn);
/// }
/// # Ok(())
/// # }
/// ```
pub struct PaginatorItems<O: PaginatedOperation> {
    pages: Paginator<O>,
    items: VecDeque<O::Item>,
}

impl<O: PaginatedOperation> PaginatorItems<O>
where
    O::Input: Clone,
    O::Delivery: crate::call::Delivery<O, Output = O::Output>,
{
    /// Returns the next item, and reads the next page if necessary. Returns `None` after the last item.
    ///
    /// # Errors
    /// Returns the errors of [`Paginator::try_next`].
    pub async fn try_next(&mut self) -> Result<Option<O::Item>, Error<O::Error>> {
        while self.items.is_empty() {
            match self.pages.try_next().await? {
                Some(page) => self.items.extend(O::items(page)),
                None => return Ok(None),
            }
        }
        Ok(self.items.pop_front())
    }
}

impl<O: PaginatedOperation> fmt::Debug for PaginatorItems<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaginatorItems").field("pages", &self.pages).finish_non_exhaustive()
    }
}
