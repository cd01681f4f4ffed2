import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.FileInputStream;
import java.net.URI;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.auth.token.credentials.StaticTokenProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.ProxyConfiguration;
import software.amazon.awssdk.http.nio.netty.SdkEventLoopGroup;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.retries.api.RetryStrategy;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeBaseClientBuilder;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeClient;
import software.amazon.awssdk.services.bedrockruntime.auth.scheme.BedrockRuntimeAuthSchemeProvider;

/**
 * Builds the client with the settings of a scenario: the synchronous client with the HTTP client of Apache or, for
 * event streams, the asynchronous client with Netty. These are the default HTTP clients of the SDK.
 */
final class Settings {
    /** The threads that all clients share, because a client with its own threads takes two seconds to close. */
    private static final SdkEventLoopGroup THREADS = SdkEventLoopGroup.builder().numberOfThreads(2).build();

    private final Apache5HttpClient.Builder apache = Apache5HttpClient.builder();
    /** On a loaded machine, a connection can need more time than the default timeouts of two and ten seconds. */
    private final NettyNioAsyncHttpClient.Builder netty = NettyNioAsyncHttpClient.builder().eventLoopGroup(THREADS)
            .connectionTimeout(Duration.ofSeconds(15)).connectionAcquisitionTimeout(Duration.ofSeconds(15));
    private final ClientOverrideConfiguration.Builder override = ClientOverrideConfiguration.builder();
    private final BedrockRuntimeBaseClientBuilder<?, ?> client;
    private final JsonObject settings;

    private Settings(BedrockRuntimeBaseClientBuilder<?, ?> client, JsonObject settings) throws Exception {
        this.client = client;
        this.settings = settings;
        for (String name : settings.keySet()) {
            apply(name, settings.get(name));
        }
        client.overrideConfiguration(override.retryStrategy(retries()).build());
    }

    static BedrockRuntimeClient client(JsonObject settings) throws Exception {
        var client = BedrockRuntimeClient.builder();
        return client.httpClientBuilder(new Settings(client, settings).apache).build();
    }

    static BedrockRuntimeAsyncClient asyncClient(JsonObject settings) throws Exception {
        var client = BedrockRuntimeAsyncClient.builder();
        return client.httpClientBuilder(new Settings(client, settings).netty).build();
    }

    private void apply(String name, JsonElement value) throws Exception {
        switch (name) {
            case "endpoint_url" -> client.endpointOverride(URI.create(value.getAsString()));
            case "region" -> client.region(Region.of(value.getAsString()));
            case "credentials" -> client.credentialsProvider(provider(value.getAsJsonObject()));
            case "bearer_token" -> {
                client.tokenProvider(StaticTokenProvider.create(value::getAsString));
                List<String> preference = List.of("httpBearerAuth");
                client.authSchemeProvider(BedrockRuntimeAuthSchemeProvider.defaultProvider(preference));
            }
            case "use_fips" -> client.fipsEnabled(value.getAsBoolean());
            case "use_dual_stack" -> client.dualstackEnabled(value.getAsBoolean());
            case "proxy_url" -> proxy(URI.create(value.getAsString()));
            case "ca_file" -> trust(value.getAsString());
            case "http_version" -> netty.protocol(Protocol.HTTP1_1); // The HTTP client of Apache always uses HTTP/1.1.
            case "timeouts_ms" -> value.getAsJsonObject().asMap().forEach(this::timeout);
            case "max_attempts", "retry_mode", "max_backoff_ms" -> {} // `retries` reads these three.
            default -> throw new Values.Unsupported("this adapter does not know the setting " + name);
        }
    }

    private static AwsCredentialsProvider provider(JsonObject keys) {
        String id = keys.get("access_key_id").getAsString();
        String secret = keys.get("secret_access_key").getAsString();
        return StaticCredentialsProvider.create(keys.has("session_token")
                ? AwsSessionCredentials.create(id, secret, keys.get("session_token").getAsString())
                : AwsBasicCredentials.create(id, secret));
    }

    private void proxy(URI url) {
        var server = URI.create(url.getScheme() + "://" + url.getHost() + ":" + url.getPort());
        var forApache = software.amazon.awssdk.http.apache5.ProxyConfiguration.builder().endpoint(server);
        var forNetty = ProxyConfiguration.builder().scheme(url.getScheme()).host(url.getHost()).port(url.getPort());
        if (url.getUserInfo() != null) {
            String[] user = url.getUserInfo().split(":", 2);
            forApache.username(user[0]).password(user[1]);
            forNetty.username(user[0]).password(user[1]);
        }
        apache.proxyConfiguration(forApache.build());
        netty.proxyConfiguration(forNetty.build());
    }

    private void trust(String file) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var pem = new FileInputStream(file)) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        apache.tlsTrustManagersProvider(factory::getTrustManagers);
        netty.tlsTrustManagersProvider(factory::getTrustManagers);
    }

    private void timeout(String name, JsonElement value) {
        Duration limit = Duration.ofMillis(value.getAsLong());
        switch (name) {
            case "connect" -> {
                apache.connectionTimeout(limit);
                netty.connectionTimeout(limit);
            }
            case "read" -> {
                apache.socketTimeout(limit);
                netty.readTimeout(limit);
            }
            case "operation" -> override.apiCallTimeout(limit);
            default -> throw new Values.Unsupported("this adapter does not know the timeout " + name);
        }
    }

    /** Returns the retry strategy. The first backoff is the default of the SDK: 100 ms, or 1 s after throttling. */
    private RetryStrategy retries() {
        boolean adaptive = settings.get("retry_mode").getAsString().equals("adaptive");
        RetryStrategy mode =
                adaptive ? AwsRetryStrategy.adaptiveRetryStrategy() : AwsRetryStrategy.standardRetryStrategy();
        var strategy = mode.toBuilder().maxAttempts(settings.get("max_attempts").getAsInt());
        if (settings.has("max_backoff_ms")) {
            long longest = settings.get("max_backoff_ms").getAsLong();
            strategy.backoffStrategy(backoff(Math.min(100, longest), longest));
            strategy.throttlingBackoffStrategy(backoff(Math.min(1000, longest), longest));
        }
        return strategy.build();
    }

    private static BackoffStrategy backoff(long first, long longest) {
        return BackoffStrategy.exponentialDelay(Duration.ofMillis(first), Duration.ofMillis(longest));
    }
}
