import io.netty.channel.ConnectTimeoutException;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.SocketTimeoutException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.stream.Stream;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.thirdparty.jackson.core.JacksonException;

/** Describes the exceptions of the SDK in the format of the adapter protocol. */
final class Errors {
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
            put(members, "status", service.statusCode() == 0 ? null : service.statusCode());
            put(members, "request_id", service.requestId());
            if (service.awsErrorDetails() != null) {
                put(members, "code", service.awsErrorDetails().errorCode());
                put(members, "message", service.awsErrorDetails().errorMessage());
            }
        }
        return members;
    }

    private static void put(Map<String, Object> members, String name, Object value) {
        if (value != null) {
            members.put(name, value);
        }
    }

    private static String category(Throwable error, boolean inStream) {
        if (error instanceof AwsServiceException) {
            return inStream ? "stream" : "service";
        } else if (has(error, cause -> String.valueOf(cause.getMessage()).contains("Unable to load credentials"))) {
            return "credentials";
        } else if (has(error, Errors::isTimeout)) {
            return "timeout";
        } else if (inStream) {
            return "stream";
        } else if (has(error, cause -> cause instanceof JacksonException)) {
            return "response";
        } else if (has(error, cause -> cause instanceof IOException)) {
            return "connection";
        } else if (has(error, Errors::isInvalidArgument)) {
            return "input";
        }
        return "other";
    }

    private static boolean isInvalidArgument(Throwable error) {
        return error instanceof IllegalArgumentException || error instanceof NullPointerException;
    }

    private static boolean isTimeout(Throwable error) {
        return error instanceof ApiCallTimeoutException
                || error instanceof ApiCallAttemptTimeoutException
                || error instanceof ConnectTimeoutException
                || error instanceof SocketTimeoutException
                || error instanceof io.netty.handler.timeout.TimeoutException
                || error instanceof TimeoutException;
    }

    /** Tests an exception and its causes. */
    private static boolean has(Throwable error, Predicate<Throwable> test) {
        return Stream.iterate(error, cause -> cause != null, Throwable::getCause).anyMatch(test);
    }
}
