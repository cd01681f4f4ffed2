import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.awscore.eventstream.EventStreamResponseHandler;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeClient;

/** The call of a scenario. Finds the types and the method of the operation by their names. */
final class Call {
    private static final ExecutorService THREADS = Executors.newCachedThreadPool();

    private final JsonObject input;
    private final JsonObject limits;
    private final String operation;
    private final Map<String, Object> response = new LinkedHashMap<>();
    private final List<Object> events = Collections.synchronizedList(new ArrayList<>());
    private final CompletableFuture<Void> cancel = new CompletableFuture<>();

    Call(JsonObject line) {
        input = line.getAsJsonObject("input");
        limits = line.has("cancel") ? line.getAsJsonObject("cancel") : new JsonObject();
        operation = line.get("operation").getAsString();
    }

    /** Makes the call, and returns the response of the adapter. */
    Map<String, ?> make(SdkClient client) throws Exception {
        try {
            Future<?> call = start(client);
            cancel.thenRun(() -> call.cancel(true));
            if (limits.has("after_ms")) {
                cancel.completeOnTimeout(null, limits.get("after_ms").getAsLong(), TimeUnit.MILLISECONDS);
            }
            Object output = call.get();
            if (output != null) {
                response.put("output", output);
            }
        } catch (CancellationException error) {
            return Map.of("cancelled", true);
        } catch (ExecutionException | InvocationTargetException error) {
            response.put("error", Errors.describe(error.getCause(), response.containsKey("output")));
        }
        if (response.containsKey("output") && operation.contains("Stream")) {
            response.put("events", List.copyOf(events));
        }
        return response;
    }

    private Future<?> start(SdkClient client) throws ReflectiveOperationException {
        JsonElement inputEvents = operation.contains("Bidirectional") ? input.remove("body") : null;
        var request = Values.build((SdkPojo) type("Request").getMethod("builder").invoke(null), input);
        if (!operation.contains("Stream")) {
            Method method = method(BedrockRuntimeClient.class);
            return THREADS.submit(() -> method.invoke(client, request));
        }
        Method method = method(BedrockRuntimeAsyncClient.class);
        if (inputEvents == null) {
            return (Future<?>) method.invoke(client, request, handler());
        }
        var publisher = SdkPublisher.fromIterable(inputEvents.getAsJsonArray()).map(this::inputEvent);
        return (Future<?>) method.invoke(client, request, publisher, handler());
    }

    /** Returns a type of the operation. The name of the operation is the start of its name. */
    private Class<?> type(String suffix) throws ClassNotFoundException {
        return Class.forName(BedrockRuntimeClient.class.getPackageName() + ".model." + operation + suffix);
    }

    private Method method(Class<?> client) throws ClassNotFoundException {
        Class<?> request = type("Request");
        return Arrays.stream(client.getMethods())
                .filter(method -> method.getName().equalsIgnoreCase(operation))
                .filter(method -> method.getParameterTypes()[0] == request)
                .findFirst()
                .orElseThrow();
    }

    /** Returns an event of the input stream. */
    private Object inputEvent(JsonElement event) {
        var member = event.getAsJsonObject().entrySet().iterator().next();
        try {
            Object builder = type("Input").getMethod(member.getKey() + "Builder").invoke(null);
            return Values.build((SdkPojo) builder, member.getValue().getAsJsonObject());
        } catch (ReflectiveOperationException error) {
            throw new Values.Unsupported("this client has no event " + member.getKey());
        }
    }

    /** Returns a handler that stores the output and the events. */
    @SuppressWarnings("unchecked")
    private Object handler() throws ReflectiveOperationException {
        var builder = (EventStreamResponseHandler.Builder<SdkPojo, SdkPojo, ?>)
                type("ResponseHandler").getMethod("builder").invoke(null);
        builder.onResponse(output -> response.put("output", output));
        builder.onEventStream(stream -> stream.subscribe(this::receive));
        return type("ResponseHandler$Builder").getMethod("build").invoke(builder);
    }

    /** Stores an event, unless the SDK does not know it. Cancels the call after the last event of the scenario. */
    private void receive(SdkPojo event) {
        try {
            String name = String.valueOf(event.getClass().getMethod("sdkEventType").invoke(event));
            if (!name.equals("null")) {
                events.add(Map.of(name, event));
            }
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
        if (limits.has("after_events") && limits.get("after_events").getAsInt() == events.size()) {
            cancel.complete(null);
        }
    }
}
