import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.document.Document;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.core.util.SdkAutoConstructList;
import software.amazon.awssdk.core.util.SdkAutoConstructMap;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.protocols.jsoncore.JsonWriter;
import software.amazon.awssdk.utils.builder.SdkBuilder;

/** Converts between JSON with tagged values and the types of the SDK. */
final class Values {
    private Values() {}

    /** Sets the members of a builder, and returns the value that it builds. */
    static Object build(SdkPojo builder, Map<String, JsonNode> members) {
        members.forEach((name, value) -> {
            SdkField<?> field = builder.sdkFields().stream()
                    .filter(candidate -> candidate.memberName().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new Unsupported("%s of this client has no member %s"
                            .formatted(builder.getClass().getEnclosingClass().getSimpleName(), name)));
            field.set(builder, decode(field, value));
        });
        return ((SdkBuilder<?, ?>) builder).build();
    }

    private static Object decode(SdkField<?> field, JsonNode value) {
        MarshallingType<?> type = field.marshallingType();
        if (type == MarshallingType.SDK_POJO) {
            return build(field.constructor().get(), value.asObject());
        } else if (type == MarshallingType.LIST) {
            SdkField<?> member = field.getTrait(ListTrait.class).memberFieldInfo();
            return value.asArray().stream().map(item -> decode(member, item)).toList();
        } else if (type == MarshallingType.MAP) {
            SdkField<?> member = field.getTrait(MapTrait.class).valueFieldInfo();
            Map<String, Object> map = new LinkedHashMap<>();
            value.asObject().forEach((key, item) -> map.put(key, decode(member, item)));
            return map;
        } else if (type == MarshallingType.SDK_BYTES) {
            return SdkBytes.fromByteArray(Base64.getDecoder().decode(value.field("$bytes").get().asString()));
        } else if (type == MarshallingType.INSTANT) {
            return Instant.parse(value.field("$time").get().asString());
        } else if (type == MarshallingType.DOCUMENT) {
            return document(value);
        } else if (type == MarshallingType.BOOLEAN) {
            return value.asBoolean();
        } else if (type == MarshallingType.INTEGER) {
            return Integer.valueOf(value.asNumber());
        } else if (type == MarshallingType.LONG) {
            return Long.valueOf(value.asNumber());
        } else if (type == MarshallingType.FLOAT) {
            return Float.valueOf(value.asNumber());
        } else if (type == MarshallingType.DOUBLE) {
            return Double.valueOf(value.asNumber());
        }
        return value.asString();
    }

    private static Document document(JsonNode value) {
        if (value.isObject()) {
            Map<String, Document> map = new LinkedHashMap<>();
            value.asObject().forEach((key, item) -> map.put(key, document(item)));
            return Document.fromMap(map);
        } else if (value.isArray()) {
            return Document.fromList(value.asArray().stream().map(Values::document).toList());
        } else if (value.isNumber()) {
            return Document.fromNumber(value.asNumber());
        } else if (value.isBoolean()) {
            return Document.fromBoolean(value.asBoolean());
        }
        return value.isNull() ? Document.fromNull() : Document.fromString(value.asString());
    }

    /** Converts a value of the SDK to maps, lists and scalars. */
    static Object encode(Object value) {
        if (value instanceof SdkPojo pojo) {
            Map<String, Object> members = new LinkedHashMap<>();
            for (SdkField<?> field : pojo.sdkFields()) {
                Object member = field.getValueOrDefault(pojo);
                boolean unset = member instanceof SdkAutoConstructList || member instanceof SdkAutoConstructMap;
                if (member != null && !unset) {
                    members.put(field.memberName(), encode(member));
                }
            }
            return members;
        } else if (value instanceof List<?> list) {
            return list.stream().map(Values::encode).toList();
        } else if (value instanceof Map<?, ?> map) {
            Map<Object, Object> members = new LinkedHashMap<>();
            map.forEach((key, item) -> members.put(key, encode(item)));
            return members;
        } else if (value instanceof SdkBytes bytes) {
            return Map.of("$bytes", Base64.getEncoder().encodeToString(bytes.asByteArray()));
        } else if (value instanceof Instant time) {
            return Map.of("$time", time.toString());
        } else if (value instanceof Document document) {
            if (document.isMap()) {
                return encode(document.asMap());
            }
            return document.isList() ? encode(document.asList())
                    : document.isNumber() ? document.asNumber() : document.unwrap();
        }
        return value;
    }

    static String json(Object value) {
        JsonWriter writer = JsonWriter.create();
        write(writer, value);
        return new String(writer.getBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }

    private static void write(JsonWriter writer, Object value) {
        if (value instanceof Map<?, ?> map) {
            writer.writeStartObject();
            map.forEach((key, item) -> write(writer.writeFieldName(key.toString()), item));
            writer.writeEndObject();
        } else if (value instanceof List<?> list) {
            writer.writeStartArray();
            list.forEach(item -> write(writer, item));
            writer.writeEndArray();
        } else if (value instanceof Number number) {
            writer.writeNumber(number.toString());
        } else if (value instanceof Boolean flag) {
            writer.writeValue(flag);
        } else if (value == null) {
            writer.writeNull();
        } else {
            writer.writeValue(value.toString());
        }
    }

    /** A reason why this client cannot make the call of a scenario. */
    @SuppressWarnings("serial")
    static final class Unsupported extends RuntimeException {
        Unsupported(String reason) {
            super(reason);
        }
    }
}
