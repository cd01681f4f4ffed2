import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkGlobalTime;
import software.amazon.awssdk.core.util.VersionInfo;

/**
 * Makes the calls of conformance scenarios with the AWS SDK for Java 2.x.
 *
 * <p>Usage: {@code java Adapter [--listen PORT]}
 */
final class Adapter implements AutoCloseable {
    private SdkClient client;

    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 0) {
            serve(System.in, System.out);
            System.exit(0); // Otherwise, threads of the SDK would keep the process alive.
        }
        var listener = new ServerSocket(Integer.parseInt(arguments[1]), 50, InetAddress.getLoopbackAddress());
        while (true) {
            Socket connection = listener.accept();
            new Thread(() -> {
                try (connection) {
                    serve(connection.getInputStream(), connection.getOutputStream());
                } catch (Exception error) {
                    error.printStackTrace();
                }
            }).start();
        }
    }

    private static void serve(InputStream input, OutputStream output) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(input, StandardCharsets.UTF_8));
        var responses = new PrintStream(output, true, StandardCharsets.UTF_8);
        try (var adapter = new Adapter()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                responses.println(Values.JSON.toJson(adapter.respond(JsonParser.parseString(line).getAsJsonObject())));
            }
        }
    }

    private Map<String, ?> respond(JsonObject line) throws Exception {
        if (line.has("kit")) {
            return Map.of("client", "java", "version", VersionInfo.SDK_VERSION, "unreported", List.of());
        }
        SdkGlobalTime.setGlobalTimeOffset(0); // The SDK keeps the clock offset of the previous scenario.
        try {
            return make(line);
        } catch (Values.Unsupported reason) {
            return Map.of("unsupported", reason.getMessage());
        } catch (RuntimeException error) {
            return Map.of("error", Errors.describe(error, false));
        }
    }

    private Map<String, ?> make(JsonObject line) throws Exception {
        close();
        JsonObject settings = line.getAsJsonObject("settings");
        boolean stream = line.get("operation").getAsString().contains("Stream");
        client = stream ? Settings.asyncClient(settings) : Settings.client(settings);
        return new Call(line).make(client);
    }

    /**
     * Closes the client of the previous call. The client is not closed at the end of its own call, because the server
     * would then record a cancellation, even if the SDK has not cancelled the call. A client that waits for a
     * connection takes seconds to close, so another thread closes it.
     */
    @Override
    public void close() {
        if (client != null) {
            CompletableFuture.runAsync(client::close);
        }
    }
}
