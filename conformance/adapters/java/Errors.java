import io.netty.channel.ConnectTimeoutException;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.SocketTimeoutException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.stream.Stream;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.thirdparty.jackson.core.JacksonException;

/** Describes the exceptions of the SDK in the format of the adapter protocol. */
final class Errors {
    private static final List<Class<?>> TIMEOUTS = List.of(
            ApiCallTimeoutException.class,
            ApiCallAttemptTimeoutException.class,
            ConnectTimeoutException.class,
            SocketTimeoutException.class,
            io.netty.handler.timeout.TimeoutException.class,
            TimeoutException.class);

    private Errors() {}

    static Map<String, Object> describe(Throwable error, boolean inStream) {
        if (error instanceof InvocationTargetException) {
            return describe(error.getCause(), inStream);
        }
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("type", error.getClass().getName());
        members.put("message", String.valueOf(error.getMessage()));
        members.put("class", category(error, inStream));
        if (error instanceof AwsServiceException service) {
            members.put("status", service.statusCode() == 0 ? null : service.statusCode());
            members.put("request_id", service.requestId());
            var details = service.awsErrorDetails();
            if (details != null) {
                members.put("code", details.errorCode());
                members.put("message", details.errorMessage() == null ? service.getMessage() : details.errorMessage());
            }
        }
        return members;
    }

    private static String category(Throwable error, boolean inStream) {
        if (error instanceof AwsServiceException) {
            return inStream ? "stream" : "service";
        } else if (has(error, cause -> String.valueOf(cause.getMessage()).contains("Unable to load credentials"))) {
            return "credentials";
        } else if (TIMEOUTS.stream().anyMatch(type -> has(error, type::isInstance))) {
            return "timeout";
        } else if (inStream) {
            return "stream";
        } else if (has(error, JacksonException.class::isInstance)) {
            return "response";
        } else if (has(error, IOException.class::isInstance)) {
            return "connection";
        } else if (has(error, IllegalArgumentException.class::isInstance)
                || has(error, NullPointerException.class::isInstance)) {
            return "input";
        }
        return "other";
    }

    /** Tests an exception and its causes. */
    private static boolean has(Throwable error, Predicate<Throwable> test) {
        return Stream.iterate(error, Objects::nonNull, Throwable::getCause).anyMatch(test);
    }
}
