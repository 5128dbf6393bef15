"""Which situation of an item a resident's own words name: in a first question and in the answer to 「您属于哪一种？」."""

from itertools import combinations
from pathlib import Path

import pytest

from bot.knowledge.catalog import load
from bot.knowledge.schema import SECTIONS
from bot.knowledge.view import ItemView, Requirement, Situation
from bot.situations import match_situations
from bot.text import squash

ITEMS = {item.id: item for item in load(Path(__file__).parents[1] / "knowledge").items if item.situations}
SPLIT = sorted(ITEMS)


def view(item_id):
    """The item with what the matching reads of it, its situations and requirements; the rest is left empty."""
    item = ITEMS[item_id]
    requirements = [
        Requirement(section, number, s.text, frozenset(), branch.heading, frozenset(), frozenset(branch.situations))
        for section in SECTIONS
        for number, branch in enumerate(getattr(item, section))
        for s in branch.texts
    ]
    situations = tuple(Situation(s.id, s.name, tuple(s.phrases)) for s in item.situations)
    return ItemView(
        id=item.id,
        name=item.name,
        aliases=tuple(item.aliases),
        jurisdiction=item.id.partition("-")[0],
        services=tuple(item.services),
        category=None,
        agency=(),
        boundary=(),
        depth=None,
        plan=None,
        extension=None,
        situations=situations,
        requirements=tuple(requirements),
        legal_basis=(),
        contacts=(),
        flow=None,
        notes=(),
        document="",
        section="",
    )


VIEWS = {item_id: view(item_id) for item_id in SPLIT}

SPOKEN = [
    # 垫付医疗费
    ("我妈住院没刷卡，自己垫的钱怎么报", "dagang-10.2", "inpatient"),
    ("前阵子做手术住了半个月，全是自己掏的，报销带啥", "dagang-10.2", "inpatient"),
    ("门特开的药没刷上卡，垫付的能报吗", "dagang-10.2", "outpatient"),
    ("看急诊花了八百多，没住院，要啥手续", "dagang-10.2", "outpatient"),
    ("老人先急诊留观后转住院，全是自己掏的钱", "dagang-10.2", "observation"),
    ("在观察室躺了两天，后来转到住院部了，垫付报销", "dagang-10.2", "observation"),
    ("急诊留观转住院，已经联网了要调整", "dagang-10.2", "observation network"),
    ("留观转住院联网的那个咋调整", "dagang-10.2", "network"),
    ("门诊转住院花的钱怎么报", "dagang-10.2", "inpatient"),
    ("医院没联网，费用我先垫上了", "dagang-10.2", ""),
    # 异地就医
    ("老两口跟着儿子在北京，给带孙子，看病备案要啥", "dagang-11.1", "resident"),
    ("户口没迁，人长期在山东那边住", "dagang-11.1", "resident"),
    ("退休以后户口都迁到山东老家了，异地就医登记", "dagang-11.1", "settled"),
    ("俺爹把户口落到河南了", "dagang-11.1", "settled"),
    ("不是天津户口了，去那边看病咋登记", "dagang-11.1", "settled"),
    ("天津大夫说治不了，让转北京协和", "dagang-11.2", "referral"),
    ("我爸是异地安置的，当地医院让转院", "dagang-11.2", "settled"),
    ("老家治不了，人在老家养老呢", "dagang-11.2", "settled"),
    # 医保个人账户清算
    ("亲戚的医保个人账户清算，人已经走了，要啥", "dagang-12.1", "death"),
    ("我爸走了，医保卡里的钱咋取", "dagang-12.1", "death"),
    ("俺娘没了，账户上还有钱", "dagang-12.1", "death"),
    ("他儿子在国外，拿绿卡了，医保账户清算", "dagang-12.1", "abroad"),
    ("我姐移民走了，卡里钱能退不", "dagang-12.1", "abroad"),
    ("医保才交了八年，不够15年，养老账户已经清了", "dagang-12.1", "short"),
    ("养老都退了，医保还没清算呢", "dagang-12.1", "short"),
    ("工作调动去外地上班，医保已经转走了", "dagang-12.1", "transfer"),
    ("我人不在天津，能让家里人去清算吗", "dagang-12.1", ""),
    ("把卡里的钱转出来", "dagang-12.1", ""),
    # 退休人员一次性待遇
    ("我爸刚火化完，丧葬的钱咋领", "dagang-15.2", "funeral"),
    ("办白事花了不少，能给报点不", "dagang-15.2", "funeral"),
    ("我妈没有收入来源，全靠他的退休金活着，能申请啥", "dagang-15.2", "relief"),
    ("遗属困难补助那个", "dagang-15.2", "relief"),
    ("养老关系转到外省了", "dagang-15.2", "transfer"),
    ("退休人员一次性待遇申领及人员变动业务受理申报要什么材料", "dagang-15.2", ""),
    # 就业困难人员认定
    ("屋头没得人上班，啷个认定", "dagang-16.1", "zero"),
    ("我们两口子都下岗了", "dagang-16.1", "zero"),
    ("蹲过监狱的人能认定就业困难吗", "dagang-16.1", "released"),
    ("我儿子刚从里面出来，找不到活", "dagang-16.1", "released"),
    ("俺家吃着低保呢，咋办认定", "dagang-16.1", "low"),
    ("我妈得癌症了，得照顾，上不了班", "dagang-16.1", "sick"),
    ("离了婚自己带孩子过", "dagang-16.1", "single"),
    ("腿脚有残疾，有残疾证", "dagang-16.1", "disabled"),
    ("我是伤残军人", "dagang-16.1", "disabled"),
    ("当过几年兵，回来一直没工作", "dagang-16.1", "veteran"),
    ("男的死了，我一个人拉扯俩孩子", "dagu-2.1", "single"),
    ("老伴瘫在床上，要伺候", "dagu-2.1", "sick"),
    ("一家子没工作，街道能帮忙不", "dagu-2.1", "zero"),
    ("领低保的家庭", "dagu-2.1", "low"),
    # 灵活就业登记
    ("想领社保补贴，灵活就业登记怎么弄", "dagang-18.2", "subsidy"),
    ("不要补贴，就登记", "dagang-18.2", "other"),
    ("办这个有没有补贴", "dagang-18.2", "subsidy"),
    # 招毕业生补贴
    ("我们是小公司，招了俩毕业生", "dagang-24.1", "small"),
    ("做软件开发的，雏鹰企业，招大学生有补贴吗", "dagang-24.1", "tech"),
    ("儿子大学毕业自己干，开了个公司，又招了个应届的", "dagang-24.1", "student"),
    ("初创期科技型中小企业要交啥", "dagang-29.1", "tech"),
    ("大学生开小公司", "dagang-29.1", "student"),
    ("就几个人的小厂", "dagang-29.1", "small"),
    # 老年人生活补助
    ("村里地没了，补助要转", "dagang-4.1", "land"),
    ("老太太户口迁走了，跟闺女过去了", "dagang-4.1", "moved"),
    ("我们小区划到别的街了", "dagang-4.1", "district"),
    ("附近没有地方停车", "dagang-4.1", ""),
    ("老人走丢了，联系不上", "dagang-4.2", "unconfirmed"),
    ("两边都领着养老钱呢", "dagang-4.2", "double"),
    ("在其他地方也领着一份", "dagang-4.2", "double"),
    ("他儿子说他进去了，判了三年", "dagang-4.2", "custody"),
    ("钱发错了，有稽核的单子", "dagang-4.2", "other"),
    ("爷爷上个月不在了，补助怎么停", "dagang-4.3", "death"),
    ("我姑入了外籍，定居国外了", "dagang-4.3", "abroad"),
    ("打官司判下来了，待遇要重新算", "dagang-4.3", "recalculated"),
    ("我妈现在有退休金了", "dagang-4.3", "other_pension"),
    ("退休金算错了", "dagang-4.3", "recalculated"),
    ("人民法院宣告死亡的", "dagang-4.3", "death"),
    # 居民医保参保
    ("外省户口成年人上居民医保要啥", "dagu-4.1", "adult"),
    ("外省户口小孩怎么上医保", "dagu-4.1", "minor"),
    ("外地户口的未成年人参保", "dagu-4.1", "minor"),
    ("我是外地户口，想上居民医保", "dagu-4.1", "adult"),
    ("孩子户口在老家，想在这上医保", "dagu-4.1", "minor"),
    ("娃在天津上大学，医保咋个办", "dagu-4.1", "student"),
    ("在校学生参保", "dagu-4.1", "student"),
    ("给孩子上医保要啥材料", "dagu-4.1", ""),
    # 城乡居民养老保险
    ("我妈没参过保，第一次办", "gaoxin-14", "enrol"),
    ("参保时候名字写错了", "gaoxin-14", "change"),
    ("参保登记信息有错，咋改", "gaoxin-14", "change"),
    ("身份证换了要去更新吗", "gaoxin-14", "change"),
    ("前几年没交，想补上", "gaoxin-15", "makeup"),
    ("中间断了几年没交保费", "gaoxin-15", "makeup"),
    ("今年的还没交，怎么交", "gaoxin-15", "collection"),
    ("村里给出一部分养老钱", "gaoxin-15", "subsidy"),
    ("老板资助村民交保险", "gaoxin-15", "subsidy"),
    ("我爸刚走，居民养老咋注销", "gaoxin-16", "death"),
    ("单位给上职工养老了，居民那个咋退", "gaoxin-16", "other_pension"),
    ("转到职工养老", "gaoxin-16", "other_pension"),
    ("闺女拿了绿卡，国籍没了", "gaoxin-16", "abroad"),
    ("户口迁走了，养老要跟着转走", "gaoxin-16", "transfer"),
    ("关系注销转移接续要什么材料", "gaoxin-16", ""),
    ("我妈今年满60了咋领", "gaoxin-17", "claim"),
    ("忘了刷脸，养老金给停了", "gaoxin-17", "certification"),
    ("领养老金的资格认证", "gaoxin-17", "certification"),
    # 失业登记
    ("毕业证刚拿到，从没上过班，失业登记要啥", "gaoxin-2", "graduate"),
    ("娃儿刚毕业，没工作过", "gaoxin-2", "graduate"),
    ("公司黄了，把我们都辞了", "gaoxin-2", "dismissed"),
    ("厂里不要我了", "gaoxin-2", "dismissed"),
    ("自己开的店关门了，执照也注销了", "gaoxin-2", "closed_business"),
    ("自己的公司注销了", "gaoxin-2", "closed_business"),
    ("家里拆了地，没地种了", "gaoxin-2", "land_lost"),
    ("刚退伍，没给安置工作", "gaoxin-2", "veteran"),
    ("蹲过监狱，才放出来的", "gaoxin-2", "released"),
    ("我是外省的，农村来的，在这干满六个月了", "gaoxin-2", "migrant_worker"),
    # 残疾人两项补贴
    ("我家吃低保，孩子有残疾，能领啥", "hebei-9.5", "living_subsidy"),
    ("我爸全瘫了，离不开人，得有人伺候", "hebei-9.5", "nursing_subsidy"),
    ("肢体二级的能领多少", "hebei-9.5", "nursing_subsidy"),
]

ANSWERS = [
    ("死亡的", "dagang-12.1", "death"),
    ("人都没了", "dagang-12.1", "death"),
    ("转出的", "dagang-12.1", "transfer"),
    ("门诊的", "dagang-10.2", "outpatient"),
    ("住院的", "dagang-10.2", "inpatient"),
    ("留观的", "dagang-10.2", "observation"),
    ("联网调整的", "dagang-10.2", "network"),
    ("刚毕业", "gaoxin-2", "graduate"),
    ("毕业", "gaoxin-2", "graduate"),
    ("离婚了", "dagang-16.1", "single"),
    ("残疾的", "dagang-16.1", "disabled"),
    ("小孩", "dagu-4.1", "minor"),
    ("大人的", "dagu-4.1", "adult"),
    ("成年人", "dagu-4.1", "adult"),
    ("未成年人", "dagu-4.1", "minor"),
    ("学生", "dagu-4.1", "student"),
    ("转移", "gaoxin-16", "transfer"),
    ("补助的", "gaoxin-15", "subsidy"),
    ("护理的那个", "hebei-9.5", "nursing_subsidy"),
    ("小微的", "dagang-24.1", "small"),
    ("其他", "dagang-4.2", "other"),
    ("救济", "dagang-15.2", "relief"),
    ("绿咔", "dagang-4.3", ""),  # two characters are not compared by their sound
    ("定局国外", "dagang-4.3", "abroad"),
    ("刑满是放的", "dagang-16.1", "released"),
]


@pytest.mark.parametrize(("text", "item", "expected"), SPOKEN)
def test_first_question(text, item, expected):
    assert match_situations(VIEWS[item], text) == tuple(expected.split())


@pytest.mark.parametrize(("text", "item", "expected"), ANSWERS)
def test_answer(text, item, expected):
    assert match_situations(VIEWS[item], text, loose=True) == tuple(expected.split())


@pytest.mark.parametrize("item", SPLIT)
def test_every_situation_is_found_by_its_name_and_phrases(item):
    for situation in VIEWS[item].situations:
        for words in (situation.name, *situation.phrases):
            assert match_situations(VIEWS[item], words) == (situation.id,), words


@pytest.mark.parametrize("item", SPLIT)
def test_phrases_are_many_short_and_of_one_situation(item):
    for situation in ITEMS[item].situations:
        assert len(situation.phrases) >= 40
        assert all(2 <= len(squash(phrase)) <= 8 for phrase in situation.phrases)
    for one, other in combinations(ITEMS[item].situations, 2):
        assert not set(one.phrases) & set(other.phrases)


@pytest.mark.parametrize("item", SPLIT)
@pytest.mark.parametrize("question", ["需要带什么材料", "社保卡带不带", "去哪里办理", "电话多少", "可以代办吗", "要几天能办好"])
def test_a_common_question_names_none(item, question):
    assert match_situations(VIEWS[item], question) == ()
