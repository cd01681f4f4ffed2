package main

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
)

var (
	blobType     = reflect.TypeFor[[]byte]()
	timeType     = reflect.TypeFor[time.Time]()
	documentType = reflect.TypeFor[document.Interface]()
)

// decode converts JSON with tagged values to a type of the SDK. The name of a field in the SDK is the name of the
// member with an upper-case first letter.
func decode(value any, target reflect.Type) reflect.Value {
	result := reflect.New(target).Elem()
	switch {
	case target == blobType:
		return reflect.ValueOf(must(base64.StdEncoding.DecodeString(value.(object)["$bytes"].(string))))
	case target == timeType:
		return reflect.ValueOf(must(time.Parse(time.RFC3339, value.(object)["$time"].(string))))
	case target == documentType:
		return reflect.ValueOf(document.NewLazyDocument(value))
	case target.Kind() == reflect.Pointer:
		result.Set(reflect.New(target.Elem()))
		result.Elem().Set(decode(value, target.Elem()))
	case target.Kind() == reflect.Struct:
		for name, member := range value.(object) {
			field := result.FieldByName(strings.ToUpper(name[:1]) + name[1:])
			if !field.IsValid() {
				panic(unsupported(target.Name() + " of this client has no member " + name))
			}
			field.Set(decode(member, field.Type()))
		}
	case target.Kind() == reflect.Interface:
		for name, member := range value.(object) {
			typeName := target.Name() + "Member" + strings.ToUpper(name[:1]) + name[1:]
			union, found := unions[typeName]
			if !found {
				panic(unsupported("this client has no type " + typeName))
			}
			pointer := reflect.New(union)
			field := pointer.Elem().FieldByName("Value")
			field.Set(decode(member, field.Type()))
			result.Set(pointer)
		}
	case target.Kind() == reflect.Slice:
		items := value.([]any)
		result.Set(reflect.MakeSlice(target, len(items), len(items)))
		for index, item := range items {
			result.Index(index).Set(decode(item, target.Elem()))
		}
	case target.Kind() == reflect.Map:
		result.Set(reflect.MakeMap(target))
		for key, item := range value.(object) {
			result.SetMapIndex(reflect.ValueOf(key), decode(item, target.Elem()))
		}
	default:
		result.Set(reflect.ValueOf(value).Convert(target))
	}
	return result
}

// encode converts a value of the SDK to JSON with tagged values.
func encode(value reflect.Value) any {
	switch typed := value.Interface().(type) {
	case []byte:
		return object{"$bytes": base64.StdEncoding.EncodeToString(typed)}
	case time.Time:
		return object{"$time": typed.UTC().Format("2006-01-02T15:04:05.999Z")}
	case document.Interface:
		return json.RawMessage(must(typed.MarshalSmithyDocument()))
	}
	switch value.Kind() {
	case reflect.Pointer:
		return encode(value.Elem())
	case reflect.Interface: // The name of the type is UNIONMemberNAME.
		if value.IsNil() {
			return nil // The SDK does not know the member.
		}
		_, name, _ := strings.Cut(value.Elem().Elem().Type().Name(), "Member")
		return object{lowerFirst(name): encode(value.Elem().Elem().FieldByName("Value"))}
	case reflect.Struct:
		members := object{}
		for _, field := range reflect.VisibleFields(value.Type()) {
			if member := value.FieldByIndex(field.Index); field.IsExported() && isSet(member) {
				members[lowerFirst(field.Name)] = encode(member)
			}
		}
		delete(members, "resultMetadata")
		return members
	case reflect.Slice:
		items := make([]any, value.Len())
		for index := range items {
			items[index] = encode(value.Index(index))
		}
		return items
	case reflect.Map:
		members := object{}
		for _, key := range value.MapKeys() {
			members[key.String()] = encode(value.MapIndex(key))
		}
		return members
	}
	return value.Interface()
}

// isSet returns false for a member that is missing in the response. A missing enum value is "" in the SDK.
func isSet(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return !value.IsNil()
	case reflect.String:
		return value.Len() > 0
	}
	return true
}

func lowerFirst(name string) string {
	return strings.ToLower(name[:1]) + name[1:]
}
