"""A CloudFormation template: its short forms read as YAML, its references found."""
import re

import yaml


class Loader(yaml.SafeLoader):
    """Reads !Ref x as {"Ref": x} and !Name x as {"Fn::Name": x}."""


def construct(loader, suffix, node):
    value = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence,
             yaml.MappingNode: loader.construct_mapping}[type(node)]
    inner = value(node) if isinstance(node, yaml.ScalarNode) else value(node, deep=True)
    if suffix == "GetAtt" and isinstance(inner, str):
        inner = inner.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else "Fn::" + suffix: inner}


Loader.add_multi_constructor("!", construct)

# Attributes of Fn::GetAtt, and the properties without which a resource is refused.
ATTRIBUTES = {
    "AWS::SageMaker::Model": {"ModelName"},
    "AWS::SageMaker::EndpointConfig": {"EndpointConfigName"},
    "AWS::SageMaker::Endpoint": {"EndpointName"},
    "AWS::IAM::Role": {"Arn", "RoleId"},
    "AWS::Lambda::Function": {"Arn"},
    "AWS::ApiGateway::RestApi": {"RootResourceId", "RestApiId"},
}
REQUIRED = {
    "AWS::SageMaker::Model": {"ExecutionRoleArn", "PrimaryContainer"},
    "AWS::SageMaker::EndpointConfig": {"ProductionVariants"},
    "AWS::SageMaker::Endpoint": {"EndpointConfigName"},
    "AWS::Logs::LogGroup": {"RetentionInDays"},
    "AWS::IAM::Role": {"AssumeRolePolicyDocument"},
    "AWS::Lambda::Function": {"Code", "Role", "Handler", "Runtime"},
    "AWS::Lambda::Permission": {"Action", "FunctionName", "Principal", "SourceArn"},
    "AWS::ApiGateway::RestApi": {"Name"},
    "AWS::ApiGateway::Resource": {"ParentId", "PathPart", "RestApiId"},
    "AWS::ApiGateway::Method": {"HttpMethod", "ResourceId", "RestApiId", "AuthorizationType"},
    "AWS::ApiGateway::GatewayResponse": {"ResponseType", "RestApiId"},
    "AWS::ApiGateway::Deployment": {"RestApiId"},
    "AWS::ApiGateway::Stage": {"RestApiId", "DeploymentId", "StageName", "MethodSettings"},
    "AWS::ApiGateway::ApiKey": {"Enabled"},
    "AWS::ApiGateway::UsagePlan": {"ApiStages", "Throttle", "Quota"},
    "AWS::ApiGateway::UsagePlanKey": {"KeyId", "KeyType", "UsagePlanId"},
}
PSEUDO = {"AWS::Region", "AWS::AccountId", "AWS::Partition", "AWS::URLSuffix", "AWS::NoValue", "AWS::StackName"}


def read(path):
    with open(path) as file:
        return yaml.load(file, Loader)


def references(value, conditions=()):
    """(kind, name, conditions that stand around it) of each reference; kind: Ref, Condition, or an attribute."""
    if isinstance(value, list):
        for inner in value:
            yield from references(inner, conditions)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name in ("Ref", "Condition") and isinstance(inner, str):
                yield name, inner, conditions
            elif name == "Fn::GetAtt":
                yield inner[1], inner[0], conditions
            elif name == "Fn::Sub":
                for word in re.findall(r"\$\{([^!}]+)\}", inner):
                    target, _, attribute = word.partition(".")
                    yield attribute or "Ref", target, conditions
            elif name == "Fn::If":
                yield "Condition", inner[0], conditions
                yield from references(inner[1], conditions + (inner[0],))
                yield from references(inner[2], conditions + ("not " + inner[0],))
            else:
                yield from references(inner, conditions)


def resolved(value, parameters, conditions):
    """The value with its conditions decided and its parameters filled in; references to resources become their names."""
    if isinstance(value, list):
        return [resolved(inner, parameters, conditions) for inner in value]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        name, yes, no = value["Fn::If"]
        return resolved(yes if conditions[name] else no, parameters, conditions)
    if "Ref" in value:
        return parameters.get(value["Ref"], value["Ref"])
    if "Fn::GetAtt" in value:
        return ".".join(value["Fn::GetAtt"])
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([^!}]+)\}", lambda m: str(parameters.get(m[1], m[1])), value["Fn::Sub"])
    return {name: resolved(inner, parameters, conditions) for name, inner in value.items()}
