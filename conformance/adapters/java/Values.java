import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializationContext;
import com.google.gson.JsonSerializer;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.document.Document;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.core.util.SdkAutoConstructList;
import software.amazon.awssdk.core.util.SdkAutoConstructMap;
import software.amazon.awssdk.utils.builder.SdkBuilder;

/** Converts between JSON with tagged values and the types of the SDK. The SDK describes the members of its types. */
final class Values {
    /** Writes values of the SDK. */
    static final Gson JSON = new GsonBuilder()
            .serializeNulls()
            .registerTypeHierarchyAdapter(SdkPojo.class, (JsonSerializer<SdkPojo>) (value, type, json) ->
                    json.serialize(members(value)))
            .registerTypeHierarchyAdapter(SdkBytes.class, (JsonSerializer<SdkBytes>) (value, type, json) ->
                    json.serialize(Map.of("$bytes", Base64.getEncoder().encodeToString(value.asByteArray()))))
            .registerTypeHierarchyAdapter(Instant.class, (JsonSerializer<Instant>) (value, type, json) ->
                    json.serialize(Map.of("$time", value.toString())))
            .registerTypeHierarchyAdapter(Document.class, (JsonSerializer<Document>) (value, type, json) ->
                    encode(value, json))
            .create();

    private Values() {}

    /** Sets the members of a builder, and returns the value that it builds. */
    static Object build(SdkPojo builder, JsonObject members) {
        members.asMap().forEach((name, value) -> {
            SdkField<?> field = builder.sdkFields().stream()
                    .filter(candidate -> candidate.memberName().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new Unsupported("%s of this client has no member %s"
                            .formatted(builder.getClass().getEnclosingClass().getSimpleName(), name)));
            field.set(builder, decode(field, value));
        });
        return ((SdkBuilder<?, ?>) builder).build();
    }

    private static Object decode(SdkField<?> field, JsonElement value) {
        return switch (field.marshallingType().getKnownType()) {
            case SDK_POJO -> build(field.constructor().get(), value.getAsJsonObject());
            case LIST -> {
                SdkField<?> member = field.getTrait(ListTrait.class).memberFieldInfo();
                yield value.getAsJsonArray().asList().stream().map(item -> decode(member, item)).toList();
            }
            case MAP -> {
                SdkField<?> member = field.getTrait(MapTrait.class).valueFieldInfo();
                Map<String, Object> map = new LinkedHashMap<>();
                value.getAsJsonObject().asMap().forEach((key, item) -> map.put(key, decode(member, item)));
                yield map;
            }
            case SDK_BYTES -> SdkBytes.fromByteArray(Base64.getDecoder().decode(text(value, "$bytes")));
            case INSTANT -> Instant.parse(text(value, "$time"));
            case DOCUMENT -> document(value);
            default -> JSON.fromJson(value, field.marshallingType().getTargetClass());
        };
    }

    private static String text(JsonElement object, String member) {
        return object.getAsJsonObject().get(member).getAsString();
    }

    private static Document document(JsonElement value) {
        if (value.isJsonObject()) {
            Map<String, Document> map = new LinkedHashMap<>();
            value.getAsJsonObject().asMap().forEach((key, item) -> map.put(key, document(item)));
            return Document.fromMap(map);
        } else if (value.isJsonArray()) {
            return Document.fromList(value.getAsJsonArray().asList().stream().map(Values::document).toList());
        } else if (value.isJsonNull()) {
            return Document.fromNull();
        }
        JsonPrimitive scalar = value.getAsJsonPrimitive();
        return scalar.isBoolean() ? Document.fromBoolean(scalar.getAsBoolean())
                : scalar.isNumber() ? Document.fromNumber(scalar.getAsString())
                : Document.fromString(scalar.getAsString());
    }

    private static JsonElement encode(Document value, JsonSerializationContext json) {
        return value.isNumber() ? new JsonPrimitive(value.asNumber())
                : json.serialize(value.isMap() ? value.asMap() : value.isList() ? value.asList() : value.unwrap());
    }

    /** Returns the members of a value that are set. */
    private static Map<String, Object> members(SdkPojo value) {
        Map<String, Object> members = new LinkedHashMap<>();
        for (SdkField<?> field : value.sdkFields()) {
            Object member = field.getValueOrDefault(value);
            boolean unset = member instanceof SdkAutoConstructList || member instanceof SdkAutoConstructMap;
            if (member != null && !unset) {
                members.put(field.memberName(), member);
            }
        }
        return members;
    }

    /** A reason why this client cannot make the call of a scenario. */
    @SuppressWarnings("serial")
    static final class Unsupported extends RuntimeException {
        Unsupported(String reason) {
            super(reason);
        }
    }
}
