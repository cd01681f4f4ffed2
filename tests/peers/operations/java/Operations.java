import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkNumber;
import software.amazon.awssdk.core.document.Document;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeClient;
import software.amazon.awssdk.services.bedrockruntime.model.AsyncInvokeStatus;
import software.amazon.awssdk.services.bedrockruntime.model.ContentBlock;
import software.amazon.awssdk.services.bedrockruntime.model.ContentBlockDelta;
import software.amazon.awssdk.services.bedrockruntime.model.ConversationRole;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseRequest;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseResponse;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseStreamRequest;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseStreamResponseHandler;
import software.amazon.awssdk.services.bedrockruntime.model.CountTokensRequest;
import software.amazon.awssdk.services.bedrockruntime.model.GuardrailAction;
import software.amazon.awssdk.services.bedrockruntime.model.GuardrailChecksContentBlock;
import software.amazon.awssdk.services.bedrockruntime.model.GuardrailChecksMessage;
import software.amazon.awssdk.services.bedrockruntime.model.GuardrailChecksRole;
import software.amazon.awssdk.services.bedrockruntime.model.GuardrailChecksSensitiveInformationEntityConfig;
import software.amazon.awssdk.services.bedrockruntime.model.GuardrailChecksSensitiveInformationEntityType;
import software.amazon.awssdk.services.bedrockruntime.model.GuardrailContentBlock;
import software.amazon.awssdk.services.bedrockruntime.model.GuardrailContentSource;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelRequest;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithBidirectionalStreamInput;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithBidirectionalStreamResponseHandler;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithResponseStreamRequest;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithResponseStreamResponseHandler;
import software.amazon.awssdk.services.bedrockruntime.model.Message;
import software.amazon.awssdk.services.bedrockruntime.model.StartAsyncInvokeRequest;
import software.amazon.awssdk.services.bedrockruntime.model.StopReason;
import software.amazon.awssdk.services.bedrockruntime.model.TokenUsage;
import software.amazon.awssdk.services.bedrockruntime.model.Tool;
import software.amazon.awssdk.services.bedrockruntime.model.ToolConfiguration;
import software.amazon.awssdk.services.bedrockruntime.model.ToolUseBlock;
import software.amazon.awssdk.utils.async.SimplePublisher;

/**
 * Calls operations with the AWS SDK for Java, and checks the responses. Operations that return one response use the
 * synchronous client, and streams use the asynchronous client.
 *
 * <p>Usage: {@code java Operations.java OPERATION..}
 */
final class Operations {
    private static final String MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0";
    private static final String PROMPT =
            "Describe a lighthouse at dawn, in words that a keeper would use: fog, lamp, tide, gull, horn.";
    private static final String TEXT = "You said: " + PROMPT;
    private static final SdkBytes BODY = SdkBytes.fromUtf8String("""
            {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 256, "messages": [{"role": "user", "content": "%s"}]}
            """.formatted(PROMPT));
    private static final Message MESSAGE =
            Message.builder().role(ConversationRole.USER).content(ContentBlock.fromText(PROMPT)).build();
    private static final Document SCHEMA = Document.fromMap(Map.of(
            "type", Document.fromString("object"),
            "properties", Document.fromMap(Map.of(
                    "city", Document.fromMap(Map.of("enum", strings("Oslo", "Lima"))),
                    "days", Document.fromMap(Map.of(
                            "type", Document.fromString("integer"), "minimum", Document.fromNumber(3))))),
            "required", strings("city", "days")));
    private static final String TOOL = "weather";
    private static final String ADDRESS = "keeper@example.com";
    private static final String LETTER = "Write to " + ADDRESS + " before dusk.";
    private static final String VIDEO_MODEL = "amazon.nova-reel-v1:1";
    private static final String SPEECH_MODEL = "amazon.nova-sonic-v1:0";
    private static final String SPEECH = "QUJDREVG";
    private static final String BUCKET = "s3://lighthouse/videos";
    private static final ToolConfiguration TOOLS = ToolConfiguration.builder()
            .tools(Tool.fromToolSpec(spec -> spec.name(TOOL).inputSchema(schema -> schema.json(SCHEMA))))
            .toolChoice(choice -> choice.tool(tool -> tool.name(TOOL)))
            .build();

    private final BedrockRuntimeClient client = BedrockRuntimeClient.create();
    private final BedrockRuntimeAsyncClient streams = BedrockRuntimeAsyncClient.create();

    public static void main(String[] operations) {
        Operations checks = new Operations();
        for (String operation : operations) {
            switch (operation) {
                case "InvokeModel" -> checks.invokeModel();
                case "InvokeModelWithResponseStream" -> checks.invokeModelWithResponseStream();
                case "Converse" -> checks.converse();
                case "ConverseStream" -> checks.converseStream();
                case "CountTokens" -> checks.countTokens();
                case "ApplyGuardrail" -> checks.applyGuardrail();
                case "InvokeGuardrailChecks" -> checks.invokeGuardrailChecks();
                case "StartAsyncInvoke" -> checks.startAsyncInvoke();
                case "ListAsyncInvokes" -> checks.listAsyncInvokes();
                case "GetAsyncInvoke" -> checks.getAsyncInvoke();
                case "InvokeModelWithBidirectionalStream" -> checks.invokeModelWithBidirectionalStream();
                default -> throw new IllegalArgumentException("no check of " + operation);
            }
        }
        System.out.println("Java, operations: " + operations.length + " operations");
    }

    private void invokeModel() {
        var request = InvokeModelRequest.builder().modelId(MODEL).contentType("application/json").body(BODY).build();
        var message = JsonNode.parser().parse(client.invokeModel(request).body().asUtf8String());
        equal("InvokeModel, text", message.field("content").get().asArray().get(0).field("text").get().text(), TEXT);
    }

    private void invokeModelWithResponseStream() {
        var request = InvokeModelWithResponseStreamRequest.builder()
                .modelId(MODEL)
                .contentType("application/json")
                .body(BODY)
                .build();
        var text = new StringBuilder();
        var visitor = InvokeModelWithResponseStreamResponseHandler.Visitor.builder()
                .onChunk(part -> JsonNode.parser().parse(part.bytes().asUtf8String()).field("delta")
                        .flatMap(delta -> delta.field("text"))
                        .ifPresent(piece -> text.append(piece.text())))
                .build();
        var handler = InvokeModelWithResponseStreamResponseHandler.builder().subscriber(visitor).build();
        streams.invokeModelWithResponseStream(request, handler).join();
        equal("InvokeModelWithResponseStream, text", text.toString(), TEXT);
    }

    private void converse() {
        var request = ConverseRequest.builder().modelId(MODEL).messages(MESSAGE).build();
        ConverseResponse response = client.converse(request);
        equal("Converse, content", response.output().message().content(), List.of(ContentBlock.fromText(TEXT)));
        equal("Converse, stop reason", response.stopReason(), StopReason.END_TURN);
        checkUsage("Converse", response.usage());

        response = client.converse(request.toBuilder().toolConfig(TOOLS).build());
        ToolUseBlock use = response.output().message().content().get(0).toolUse();
        equal("Converse, tool", use.name(), TOOL);
        equal("Converse, city", use.input().asMap().get("city").asString(), "Oslo");
        equal("Converse, days", use.input().asMap().get("days").asNumber(), SdkNumber.fromString("3"));
        equal("Converse, stop reason of a tool call", response.stopReason(), StopReason.TOOL_USE);
    }

    private void converseStream() {
        var request = ConverseStreamRequest.builder().modelId(MODEL).messages(MESSAGE).build();
        var text = new Reader();
        text.read(request).join();
        equal("ConverseStream, text", text.joined.toString(), TEXT);
        checkUsage("ConverseStream", text.usage);

        var call = new Reader();
        call.read(request.toBuilder().toolConfig(TOOLS).build()).join();
        Map<String, JsonNode> arguments = JsonNode.parser().parse(call.joined.toString()).asObject();
        equal("ConverseStream, tool", call.tool, TOOL);
        equal("ConverseStream, city", arguments.get("city").text(), "Oslo");
        equal("ConverseStream, days", arguments.get("days").text(), "3");
    }

    /** The complete text or the complete tool arguments, the name of the called tool, and the usage. */
    private final class Reader {
        private final StringBuilder joined = new StringBuilder();
        private String tool;
        private TokenUsage usage;

        private CompletableFuture<Void> read(ConverseStreamRequest request) {
            var visitor = ConverseStreamResponseHandler.Visitor.builder()
                    .onContentBlockStart(start -> tool = start.start().toolUse().name())
                    .onContentBlockDelta(event -> joined.append(text(event.delta())))
                    .onMetadata(metadata -> usage = metadata.usage())
                    .build();
            var handler = ConverseStreamResponseHandler.builder().subscriber(visitor).build();
            return streams.converseStream(request, handler);
        }

        private static String text(ContentBlockDelta delta) {
            return delta.text() == null ? delta.toolUse().input() : delta.text();
        }
    }

    private void countTokens() {
        var request = CountTokensRequest.builder()
                .modelId(MODEL)
                .input(input -> input.converse(converse -> converse.messages(MESSAGE)))
                .build();
        var call = ConverseRequest.builder().modelId(MODEL).messages(MESSAGE).build();
        equal("CountTokens, tokens of the call",
                client.countTokens(request).inputTokens(), client.converse(call).usage().inputTokens());
    }

    /** Uses the guardrail of {@code guardrails.json}, which denies a word of the prompt. */
    private void applyGuardrail() {
        var response = client.applyGuardrail(request -> request.guardrailIdentifier("lighthouse")
                .guardrailVersion("1")
                .source(GuardrailContentSource.INPUT)
                .content(GuardrailContentBlock.fromText(text -> text.text(PROMPT))));
        equal("ApplyGuardrail, action", response.action(), GuardrailAction.GUARDRAIL_INTERVENED);
        equal("ApplyGuardrail, output", response.outputs().get(0).text(), "The keeper does not talk about birds.");
        equal("ApplyGuardrail, word", response.assessments().get(0).wordPolicy().customWords().get(0).match(), "gull");
    }

    private void invokeGuardrailChecks() {
        var type = GuardrailChecksSensitiveInformationEntityType.EMAIL;
        var entity = GuardrailChecksSensitiveInformationEntityConfig.builder().type(type).build();
        var message = GuardrailChecksMessage.builder()
                .role(GuardrailChecksRole.USER)
                .content(GuardrailChecksContentBlock.fromText(LETTER))
                .build();
        var response = client.invokeGuardrailChecks(request -> request.messages(message)
                .checks(checks -> checks.sensitiveInformation(sensitive -> sensitive.entities(entity))));
        var found = response.results().sensitiveInformation().results().get(0);
        equal("InvokeGuardrailChecks, type", found.type(), type);
        equal("InvokeGuardrailChecks, text", LETTER.substring(found.beginOffset(), found.endOffset()), ADDRESS);
    }

    private void startAsyncInvoke() {
        var text = Document.fromMap(Map.of("text", Document.fromString(PROMPT)));
        var input = Map.of("taskType", Document.fromString("TEXT_VIDEO"), "textToVideoParams", text);
        var request = StartAsyncInvokeRequest.builder()
                .modelId(VIDEO_MODEL)
                .modelInput(Document.fromMap(input))
                .clientRequestToken("dawn")
                .outputDataConfig(config -> config.s3OutputDataConfig(s3 -> s3.s3Uri(BUCKET)))
                .build();
        equal("StartAsyncInvoke, repeated token",
                client.startAsyncInvoke(request).invocationArn(), client.startAsyncInvoke(request).invocationArn());
    }

    /** Returns the ARN of the only job. */
    private String listAsyncInvokes() {
        var jobs = client.listAsyncInvokesPaginator(request -> request.maxResults(1)).asyncInvokeSummaries().stream()
                .toList();
        equal("ListAsyncInvokes, number of jobs", jobs.size(), 1);
        equal("ListAsyncInvokes, bucket", jobs.get(0).outputDataConfig().s3OutputDataConfig().s3Uri(), BUCKET);
        return jobs.get(0).invocationArn();
    }

    private void getAsyncInvoke() {
        String arn = listAsyncInvokes();
        var job = client.getAsyncInvoke(request -> request.invocationArn(arn));
        equal("GetAsyncInvoke, model", job.modelArn().endsWith("/" + VIDEO_MODEL), true);
        equal("GetAsyncInvoke, failed", job.status() == AsyncInvokeStatus.FAILED, false);
    }

    private void invokeModelWithBidirectionalStream() {
        var http = NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP2);
        try (var client = BedrockRuntimeAsyncClient.builder().httpClientBuilder(http).build()) {
            var session = new Session();
            var visitor = InvokeModelWithBidirectionalStreamResponseHandler.Visitor.builder()
                    .onChunk(part -> session.receive(JsonNode.parser().parse(part.bytes().asUtf8String())))
                    .build();
            var handler = InvokeModelWithBidirectionalStreamResponseHandler.builder().subscriber(visitor).build();
            var call = client.invokeModelWithBidirectionalStream(
                    request -> request.modelId(SPEECH_MODEL), session.input, handler);
            session.start();
            call.join();
            equal("InvokeModelWithBidirectionalStream, events", session.names, List.of(
                    "completionStart", "contentStart", "textOutput", "contentEnd",
                    "contentStart", "audioOutput", "contentEnd", "usageEvent", "completionEnd",
                    "completionStart", "contentStart", "audioOutput", "contentEnd",
                    "contentStart", "textOutput", "contentEnd", "usageEvent", "completionEnd"));
            equal("InvokeModelWithBidirectionalStream, texts",
                    session.texts, List.of(TEXT, "You sent 6 bytes of audio."));
            equal("InvokeModelWithBidirectionalStream, audio", session.audio.get(1), SPEECH);
        }
    }

    /**
     * A session with one turn of text and one turn of audio. The second turn begins when the response to the first turn
     * is complete. The request and the response of the call are therefore open at the same time.
     */
    private static final class Session {
        private final SimplePublisher<InvokeModelWithBidirectionalStreamInput> input = new SimplePublisher<>();
        private final List<String> names = new ArrayList<>();
        private final List<String> texts = new ArrayList<>();
        private final List<String> audio = new ArrayList<>();

        private void start() {
            send("sessionStart", "");
            send("promptStart", """
                    "promptName": "dawn", "audioOutputConfiguration": {"mediaType": "audio/lpcm"}""");
            turn("spoken", "TEXT", "textInput", PROMPT);
        }

        private void turn(String name, String type, String event, String content) {
            String members = "\"promptName\": \"dawn\", \"contentName\": \"" + name + "\"";
            send("contentStart", members + ", \"type\": \"" + type + "\", \"role\": \"USER\"");
            send(event, members + ", \"content\": \"" + content + "\"");
            send("contentEnd", members);
        }

        private void send(String name, String members) {
            String event = "{\"event\": {\"" + name + "\": {" + members + "}}}";
            input.send(InvokeModelWithBidirectionalStreamInput.chunkBuilder()
                    .bytes(SdkBytes.fromUtf8String(event))
                    .build());
        }

        private void receive(JsonNode message) {
            message.field("event").get().asObject().forEach((name, event) -> {
                names.add(name);
                switch (name) {
                    case "textOutput" -> texts.add(event.field("content").get().text());
                    case "audioOutput" -> audio.add(event.field("content").get().text());
                    case "completionEnd" -> endTurn();
                    default -> {}
                }
            });
        }

        private void endTurn() {
            if (texts.size() == 1) {
                turn("heard", "AUDIO", "audioInput", SPEECH);
            } else {
                send("promptEnd", "\"promptName\": \"dawn\"");
                send("sessionEnd", "");
                input.complete();
            }
        }
    }

    private static Document strings(String... values) {
        return Document.fromList(Arrays.stream(values).map(Document::fromString).toList());
    }

    private static void checkUsage(String name, TokenUsage usage) {
        equal(name + ", has input and output tokens", usage.inputTokens() > 0 && usage.outputTokens() > 0, true);
        equal(name + ", total tokens", usage.totalTokens(), usage.inputTokens() + usage.outputTokens());
    }

    private static void equal(String name, Object found, Object expected) {
        if (!Objects.equals(found, expected)) {
            throw new AssertionError(name + ": found " + found + ", expected " + expected);
        }
    }
}
