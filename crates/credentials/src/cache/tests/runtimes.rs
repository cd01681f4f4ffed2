//! Tests of a cache that several runtimes share.

use super::*;

#[test]
fn a_call_does_not_depend_on_a_runtime_that_is_not_polled() {
    let script = Script::new(&[(MINUTE / 60, Succeeds(None)), (Duration::ZERO, Succeeds(None))]);
    let (cache, unpolled) = (cache(&script), paused());
    start_load(&unpolled, &cache);
    // The load of the other runtime makes no progress. The call waits for it for one second, and then loads the
    // credentials itself.
    paused().block_on(async {
        let start = Instant::now();
        assert_eq!(id(&cache).await, "AKID2");
        assert_eq!(start.elapsed().as_secs(), 1);
    });
    // The first load is still running. It ends when its runtime is polled again.
    unpolled.block_on(async { sleep(MINUTE).await });
    assert_eq!(unpolled.block_on(id(&cache)), "AKID1");
    assert_eq!(script.calls(), 2);
}

#[test]
fn the_load_timeout_of_a_call_starts_with_the_call_in_every_runtime() {
    let script = Script::new(&[(HOUR, Succeeds(None))]);
    let (cache, unpolled) = (cache(&script), paused());
    start_load(&unpolled, &cache);
    paused().block_on(async {
        let start = Instant::now();
        assert!(error(&cache).await.contains("the provider did not finish within 30s"));
        assert_eq!(start.elapsed().as_secs(), 30);
    });
    let limited = async { tokio::time::timeout(MINUTE / 30, cache.credentials()).await.unwrap_err() };
    paused().block_on(limited);
}

#[test]
fn a_call_loads_again_if_the_runtime_of_the_load_is_shut_down() {
    let script = Script::new(&[(HOUR, Succeeds(None)), (Duration::ZERO, Succeeds(None))]);
    let (cache, first) = (cache(&script), paused());
    start_load(&first, &cache);
    paused().block_on(async {
        let mut waiting = std::pin::pin!(cache.credentials());
        let poll = std::future::poll_fn(|cx| std::task::Poll::Ready(waiting.as_mut().poll(cx).is_pending()));
        assert!(poll.await, "the call must wait for the running load");
        // A runtime cannot be dropped in the thread of another runtime.
        std::thread::scope(|scope| scope.spawn(|| drop(first)).join().unwrap());
        let start = Instant::now();
        assert_eq!(waiting.await.unwrap().access_key_id(), "AKID2");
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
    assert_eq!(script.calls(), 2);
}

#[test]
fn a_refresh_starts_again_if_the_task_of_another_runtime_is_overdue() {
    let script = Script::new(&[
        (Duration::ZERO, Succeeds(None)),
        (MINUTE, Succeeds(None)),
        (Duration::ZERO, Succeeds(None)),
    ]);
    let time = Arc::new(Mutex::new(SystemTime::UNIX_EPOCH));
    let clock = Arc::clone(&time);
    let time_source = TimeSource::new(move || *clock.lock().unwrap());
    let cache = CredentialsCache::with_config(script.clone(), CredentialsCacheConfig::default(), time_source);
    let unpolled = paused();
    assert_eq!(unpolled.block_on(id(&cache)), "AKID1");
    *time.lock().unwrap() += HOUR;
    unpolled.block_on(async {
        advance(MINUTE).await;
        assert_eq!(id_without_waiting(&cache), "AKID1");
        run_ready_tasks().await;
    });
    assert_eq!(script.calls(), 2);
    paused().block_on(async {
        advance(MINUTE * 3).await;
        assert_eq!(id_without_waiting(&cache), "AKID1");
        run_ready_tasks().await;
        assert_eq!(id_without_waiting(&cache), "AKID3");
    });
}

#[test]
fn runtimes_share_one_load() {
    let script = Script::new(&[(Duration::from_millis(1), Succeeds(Some(HOUR)))]);
    let cache = cache(&script);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let runtime = Builder::new_current_thread().enable_time().build().unwrap();
                assert_eq!(runtime.block_on(id(&cache)), "AKID1");
            });
        }
    });
    assert_eq!(script.calls(), 1);
}
