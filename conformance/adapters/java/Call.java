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
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;
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
    private final Map<String, JsonNode> line;
    private final Map<String, Object> response = new LinkedHashMap<>();
    private final List<Object> events = Collections.synchronizedList(new ArrayList<>());
    private final CompletableFuture<Void> cancel = new CompletableFuture<>();

    Call(Map<String, JsonNode> line) {
        this.line = line;
    }

    /** Makes the call, and returns the response of the adapter. */
    Map<String, ?> make(BedrockRuntimeAsyncClient client) throws Exception {
        CompletableFuture<?> call = start(client);
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
        if (response.containsKey("output") && line.get("operation").asString().contains("Stream")) {
            response.put("events", List.copyOf(events));
        }
        return response;
    }

    private CompletableFuture<?> start(BedrockRuntimeAsyncClient client) throws ReflectiveOperationException {
        String operation = line.get("operation").asString();
        var members = new LinkedHashMap<>(line.get("input").asObject());
        boolean bidirectional = operation.equals("InvokeModelWithBidirectionalStream");
        List<JsonNode> inputEvents = bidirectional ? members.remove("body").asArray() : List.of();
        Class<?> type = Class.forName(BedrockRuntimeAsyncClient.class.getPackageName() + ".model." + operation + "Request");
        Object request = Values.build((SdkPojo) type.getMethod("builder").invoke(null), members);
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
                    SdkPublisher.fromIterable(inputEvents).map(Call::chunk),
                    InvokeModelWithBidirectionalStreamResponseHandler.builder()
                            .onResponse(this::open)
                            .onEventStream(stream ->
                                    receive(stream, InvokeModelWithBidirectionalStreamOutput::sdkEventType))
                            .build());
            default -> {
                String method = operation.substring(0, 1).toLowerCase(Locale.ROOT) + operation.substring(1);
                yield (CompletableFuture<?>) BedrockRuntimeAsyncClient.class.getMethod(method, type).invoke(client, request);
            }
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

    /** Stores the events of a stream, except for those that the client does not know. */
    private <T extends SdkPojo> void receive(SdkPublisher<T> stream, Function<T, Object> nameOf) {
        stream.subscribe(event -> {
            if (nameOf.apply(event) != null && !nameOf.apply(event).toString().equals("null")) {
                events.add(Map.of(nameOf.apply(event).toString(), Values.encode(event)));
            }
            cancelLimit("after_events").filter(limit -> events.size() == limit).ifPresent(limit -> cancel.complete(null));
        });
    }

    private Optional<Long> cancelLimit(String name) {
        return Optional.ofNullable(line.get("cancel")).flatMap(cancel -> cancel.field(name)).map(limit -> Long.valueOf(limit.asNumber()));
    }
}
