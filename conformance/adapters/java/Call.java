import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeClient;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseStreamOutput;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseStreamRequest;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseStreamResponseHandler;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithBidirectionalStreamInput;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithBidirectionalStreamOutput;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithBidirectionalStreamRequest;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithBidirectionalStreamResponseHandler;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithResponseStreamRequest;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithResponseStreamResponseHandler;
import software.amazon.awssdk.services.bedrockruntime.model.ResponseStream;

/** The call of a scenario. */
final class Call {
    private static final ExecutorService THREADS = Executors.newCachedThreadPool();

    private final Map<String, JsonNode> line;
    private final String operation;
    private final Map<String, Object> response = new LinkedHashMap<>();
    private final List<Object> events = Collections.synchronizedList(new ArrayList<>());
    private final CompletableFuture<Void> cancel = new CompletableFuture<>();

    Call(Map<String, JsonNode> line) {
        this.line = line;
        this.operation = line.get("operation").asString();
    }

    /** Makes the call, and returns the response of the adapter. */
    Map<String, ?> make(SdkClient client) throws Exception {
        Future<?> call = client instanceof BedrockRuntimeAsyncClient async ? start(async) : start(client);
        cancel.thenRun(() -> call.cancel(true));
        cancelLimit("after_ms").ifPresent(limit -> cancel.completeOnTimeout(null, limit, TimeUnit.MILLISECONDS));
        try {
            Object output = call.get();
            if (output != null) {
                response.put("output", Values.encode(output));
            }
        } catch (CancellationException error) {
            return Map.of("cancelled", true);
        } catch (ExecutionException error) {
            response.put("error", Errors.describe(error.getCause(), response.containsKey("output")));
        }
        if (response.containsKey("output") && operation.contains("Stream")) {
            response.put("events", List.copyOf(events));
        }
        return response;
    }

    private Future<?> start(SdkClient client) throws ReflectiveOperationException {
        Object request = request(line.get("input").asObject());
        String method = operation.substring(0, 1).toLowerCase(Locale.ROOT) + operation.substring(1);
        var call = BedrockRuntimeClient.class.getMethod(method, request.getClass());
        return THREADS.submit(() -> call.invoke(client, request));
    }

    private Object request(Map<String, JsonNode> members) throws ReflectiveOperationException {
        Class<?> type = Class.forName(BedrockRuntimeClient.class.getPackageName() + ".model." + operation + "Request");
        return Values.build((SdkPojo) type.getMethod("builder").invoke(null), members);
    }

    private CompletableFuture<?> start(BedrockRuntimeAsyncClient client) throws ReflectiveOperationException {
        var members = new LinkedHashMap<>(line.get("input").asObject());
        JsonNode inputEvents = operation.contains("Bidirectional") ? members.remove("body") : null;
        Object request = request(members);
        return switch (operation) {
            case "ConverseStream" -> client.converseStream(
                    (ConverseStreamRequest) request,
                    ConverseStreamResponseHandler.builder()
                            .onResponse(this::open)
                            .onEventStream(stream -> receive(stream, ConverseStreamOutput::sdkEventType))
                            .build());
            case "InvokeModelWithResponseStream" -> client.invokeModelWithResponseStream(
                    (InvokeModelWithResponseStreamRequest) request,
                    InvokeModelWithResponseStreamResponseHandler.builder()
                            .onResponse(this::open)
                            .onEventStream(stream -> receive(stream, ResponseStream::sdkEventType))
                            .build());
            case "InvokeModelWithBidirectionalStream" -> client.invokeModelWithBidirectionalStream(
                    (InvokeModelWithBidirectionalStreamRequest) request,
                    SdkPublisher.fromIterable(inputEvents.asArray()).map(Call::chunk),
                    InvokeModelWithBidirectionalStreamResponseHandler.builder()
                            .onResponse(this::open)
                            .onEventStream(stream ->
                                    receive(stream, InvokeModelWithBidirectionalStreamOutput::sdkEventType))
                            .build());
            default -> throw new Values.Unsupported("this adapter does not know the operation " + operation);
        };
    }

    private static InvokeModelWithBidirectionalStreamInput chunk(JsonNode event) {
        var builder = (SdkPojo) InvokeModelWithBidirectionalStreamInput.chunkBuilder();
        return (InvokeModelWithBidirectionalStreamInput) Values.build(builder, event.field("chunk").get().asObject());
    }

    /** Stores the output of an operation whose response is an event stream. */
    private void open(SdkPojo output) {
        response.put("output", Values.encode(output));
    }

    /** Stores the events of a stream, except for unknown events. */
    private <T extends SdkPojo> void receive(SdkPublisher<T> stream, Function<T, Object> nameOf) {
        stream.subscribe(event -> {
            if (nameOf.apply(event) != null && !nameOf.apply(event).toString().equals("null")) {
                events.add(Map.of(nameOf.apply(event).toString(), Values.encode(event)));
            }
            if (cancelLimit("after_events").filter(limit -> limit == events.size()).isPresent()) {
                cancel.complete(null);
            }
        });
    }

    private Optional<Long> cancelLimit(String name) {
        return Optional.ofNullable(line.get("cancel"))
                .flatMap(limits -> limits.field(name))
                .map(limit -> Long.valueOf(limit.asNumber()));
    }
}
